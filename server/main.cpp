#include "weir/app/check.hpp"
#include "weir/app/health.hpp"
#include "weir/app/serve.hpp"
#include "weir/app/version.hpp"
#include "weir/cli/command_line.hpp"

int main(int argc, char** argv) {
  return weir::cli::run(argc, argv, {weir::app::version, weir::app::check, weir::app::serve, weir::app::health});
}
