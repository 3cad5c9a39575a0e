// The command line: weir serve, health, docs, config, version.
//
//   int main(int argc, char** argv) { return weir::cli::run(argc, argv, {version, check, serve, health}); }
//
// Exit codes: 0 done; 1 it could not be done (the reason is on standard error); 2 the command line is wrong.
//
// Threads: the process's first one.
#pragma once

#include <functional>
#include <string_view>

#include "weir/config/settings.hpp"
#include "weir/vocabulary/error.hpp"

namespace weir::cli {

struct Program {
  std::string_view version;
  /// What is wrong with settings that are each right by themselves.
  std::function<Result<void>(const config::Settings&)> check;
  std::function<int(const config::Settings&)> serve;
  std::function<int(const config::Settings&)> health;
};

inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;

[[nodiscard]] int run(int argc, const char* const* argv, const Program& program);

}  // namespace weir::cli
