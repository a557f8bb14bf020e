// tvr, tvr-train and tvr-eval: one program, its sub-commands one file each.
#include <malloc.h>

#include <c10/util/Exception.h>
#include <CLI/CLI.hpp>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "commands.h"
#include "table_jobs.h"
#include "tvr/base/error.h"
#include "tvr/base/log.h"
#include "tvr/base/version.h"

namespace {

constexpr int kDone = 0, kOurFault = 1, kUserCanFix = 2, kInterrupted = 130;

// glibc gives every large block back to the kernel and fetches it again: a training step took five times as long.
void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 2'000'000'000);
}

int report(const std::string& message, int status) {
  std::cerr << "tvr: " << message << '\n';
  return status;
}

int run(CLI::App& app, std::vector<std::string> arguments) {
  try {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them last first
    app.parse(arguments);
    return kDone;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUserCanFix;
  } catch (const tvr::Interrupted& error) {
    return report(error.what(), kInterrupted);
  } catch (const tvr::Error& error) {
    return report(error.what(), kUserCanFix);
  } catch (const std::filesystem::filesystem_error& error) {
    return report(error.what(), kUserCanFix);
  } catch (const c10::Error& error) {
    return report(std::string("a fault of tvr: ") + error.what_without_backtrace(), kOurFault);
  } catch (const std::bad_alloc&) {
    return report("out of memory; make the batch, the tiles (eval.text_tile, eval.video_tile) or the caches smaller.",
                  kOurFault);
  } catch (const std::exception& error) {
    return report(std::string("a fault of tvr: ") + error.what(), kOurFault);
  }
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is then an error of the write that meets it
  tvr::end_with_table();
  tvr::set_up_logging(false);
  CLI::App app("tvr trains, evaluates and explains text-video retrieval.", "tvr");
  app.set_version_flag("--version", "tvr " + tvr::version() + " (" + tvr::commit() + ")");
  app.require_subcommand(1);
  app.footer("`tvr COMMAND --help` shows examples.");
  tvr::add_train_command(app);
  tvr::add_eval_command(app);
  tvr::add_metrics_command(app);
  tvr::add_compare_command(app);
  tvr::add_table_command(app);
  tvr::add_data_command(app);
#ifdef TVR_WITH_VIDEO
  tvr::add_frames_command(app);
#endif
  tvr::add_tokenize_command(app);
  tvr::add_score_command(app);
  tvr::add_encode_command(app);
  tvr::add_weights_command(app);
  tvr::add_describe_command(app);
  tvr::add_doctor_command(app);

  std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto name = std::filesystem::path(argv[0]).filename();
  if (name == "tvr-train" || name == "tvr-eval")
    arguments.insert(arguments.begin(), name == "tvr-train" ? "train" : "eval");
  return run(app, std::move(arguments));
}
