#pragma once
#include <stdexcept>

namespace tvr {

/// Something the user can put right. what() is one complete sentence: what is wrong, where (file, line, key, video),
/// what is valid, what to do. Programs print it and exit with status 2. Broken invariants of ours are TORCH_CHECK or
/// std::logic_error instead and exit with status 1.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A setting is wrong: unknown key, wrong type, value out of range, unknown name. May list several, one a line.
class ConfigError : public Error {
 public:
  using Error::Error;
};

/// An input file (annotation, video, matrix, weights) is missing, damaged or contradictory.
class DataError : public Error {
 public:
  using Error::Error;
};

/// A checkpoint or run directory does not fit the model or the settings.
class CheckpointError : public Error {
 public:
  using Error::Error;
};

/// SIGINT or SIGTERM arrived and what was to be saved is saved; programs exit with status 130.
class Interrupted : public Error {
 public:
  using Error::Error;
};

}  // namespace tvr
