#pragma once

namespace CLI {
class App;
}

namespace tvr {

/// `tvr data check`.
void add_check_command(CLI::App& app);

}  // namespace tvr
