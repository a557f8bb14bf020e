#pragma once

namespace CLI {
class App;
}

namespace tvr {

/// `tvr data pack`.
void add_pack_command(CLI::App& app);

}  // namespace tvr
