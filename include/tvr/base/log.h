#pragma once

namespace tvr {

/// Sends spdlog's default logger to standard error (standard output carries results). Call once, from main.
void set_up_logging(bool verbose);

}  // namespace tvr
