#include "table_jobs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <set>
#include <sstream>
#include <thread>

#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/train/hooks.h"

extern char** environ;

namespace tvr {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kPause = std::chrono::milliseconds(100);  // between looks at the processes
constexpr char kParentVariable[] = "TVR_TABLE_PROCESS";
constexpr size_t kLastBytes = 64 << 10;  // of a log that are read for the reason of a failure

std::vector<std::string> arguments_of(const TableJob& job, bool one_thread) {
  auto arguments = train_arguments(job.run);
  const bool resumed = arguments.back() == "--resume";
  if (one_thread && !resumed) arguments.emplace_back("run.threads=1");
  // A folder that a kill left without config.yaml is taken up too.
  if (!resumed && fs::exists(job.run.dir)) arguments.emplace_back("--resume");
  return arguments;
}

// This program again; standard output and error go to the job's log.
pid_t spawn(const TableJob& job, bool one_thread) {
  const auto log = run_log_file(job.run.dir);
  write_file(log, "");  // makes the folder
  std::vector<std::string> words = arguments_of(job, one_thread);
  words.insert(words.begin(), "tvr");
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  ::setenv(kParentVariable, std::to_string(::getpid()).c_str(), 1);
  pid_t process = -1;
  const int error = posix_spawn(&process, "/proc/self/exe", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw DataError(job_name(job) + ": no process can be started: " + std::strerror(error) + ".");
  return process;
}

// The last message of the program, or the last line at all.
std::string reason_in_log(const fs::path& log, int status) {
  auto text = read_file(log);
  if (text.size() > kLastBytes) text = text.substr(text.size() - kLastBytes);
  std::istringstream stream(text);
  std::string reason, last;
  for (std::string line; std::getline(stream, line);) {
    if (line.find_first_not_of(" \t\r") != std::string::npos) last = line;
    if (line.starts_with("tvr: ")) reason = line.substr(5);
  }
  if (!reason.empty()) return reason;
  if (WIFSIGNALED(status))
    return fmt::format("ended by signal {}; the last line of {}: {}", WTERMSIG(status), log.string(), last);
  return last.empty() ? fmt::format("exit status {}", WEXITSTATUS(status)) : last;
}

std::string minutes_text(double seconds) {
  return seconds < 90 ? fmt::format("{:.0f} s", seconds) : fmt::format("{:.0f} min", seconds / 60);
}

// The line of the features that names the run whose encoder makes them.
std::string source_of(const PlannedRun& run) {
  const auto begin = run.features.find("model.video.source");
  return begin == std::string::npos ? "" : run.features.substr(begin, run.features.find('\n', begin) - begin);
}

class Pool {
 public:
  Pool(const std::vector<TableJob>& todo, const std::set<std::string>& made, int64_t jobs)
      : waiting_(todo), made_(made), jobs_(jobs), total_(todo.size()) {}

  void run() {
    begin_ = Clock::now();
    while (!waiting_.empty() || !running_.empty()) {
      if (interrupted()) stop();
      start_what_may();
      std::this_thread::sleep_for(kPause);
      collect();
    }
  }

 private:
  struct Running {
    TableJob job;
    Clock::time_point start;
    pid_t process;
  };

  // The first of those that read the same features makes them. Splits of a source can be shared by runs that differ in
  // others, so that what may make features of one source runs one after the other.
  bool may_start(const TableJob& job) const {
    if (job.run.features.empty() || made_.count(job.run.features) > 0) return true;
    return std::none_of(running_.begin(), running_.end(), [&](const Running& other) {
      return made_.count(other.job.run.features) == 0 && source_of(other.job.run) == source_of(job.run);
    });
  }

  void start_what_may() {
    while (static_cast<int64_t>(running_.size()) < jobs_) {
      const auto next =
          std::find_if(waiting_.begin(), waiting_.end(), [&](const TableJob& job) { return may_start(job); });
      if (next == waiting_.end()) return;
      const auto job = *next;
      waiting_.erase(next);
      fs::remove(run_failure_file(job.run.dir));
      running_.push_back({job, Clock::now(), spawn(job, jobs_ > 1)});
      say("started " + job_name(job) + ", log " + run_log_file(job.run.dir).string());
    }
  }

  void collect() {
    for (size_t i = 0; i < running_.size();) {
      int status = 0;
      const auto ended = ::waitpid(running_[i].process, &status, WNOHANG);
      if (ended == 0 || (ended < 0 && errno == EINTR)) {
        ++i;
        continue;
      }
      const auto one = running_[i];
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
      finish(one, status);
    }
  }

  void finish(const Running& one, int status) {
    const double seconds = std::chrono::duration<double>(Clock::now() - one.start).count();
    const bool done = WIFEXITED(status) && WEXITSTATUS(status) == 0 && run_is_finished(one.job.run.dir);
    if (done) {
      ++done_;
      made_.insert(one.job.run.features);
      return say(fmt::format("finished {} in {}", job_name(one.job), minutes_text(seconds)));
    }
    if (stopping_) return say("stopped " + job_name(one.job));
    const auto reason = reason_in_log(run_log_file(one.job.run.dir), status);
    record_failure(one.job, reason);
    ++failed_;
    say(fmt::format("FAILED {}: {}", job_name(one.job), reason));
  }

  void say(const std::string& what) const {
    std::cerr << fmt::format("tvr table: [{} done, {} running, {} failed, {} waiting{}] {}\n", done_, running_.size(),
                             failed_, waiting_.size(), time_left(), what)
              << std::flush;
  }

  // From the pace so far.
  std::string time_left() const {
    const size_t ended = done_ + failed_;
    if (ended == 0 || ended == total_) return "";
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    return "; about " + minutes_text(seconds / static_cast<double>(ended) * static_cast<double>(total_ - ended)) +
           " left";
  }

  // Each saves a checkpoint and ends by itself.
  [[noreturn]] void stop() {
    stopping_ = true;
    std::cerr << "tvr table: interrupted; waiting for " << running_.size() << " trainings to save their checkpoints\n";
    for (const auto& one : running_) ::kill(one.process, SIGINT);
    while (!running_.empty()) {
      std::this_thread::sleep_for(kPause);
      collect();
    }
    throw Interrupted(
        fmt::format("Interrupted: {} of {} runs are done; the same command goes on where it stopped.", done_, total_));
  }

  std::vector<TableJob> waiting_;
  std::set<std::string> made_;  ///< features that are there
  std::vector<Running> running_;
  int64_t jobs_;
  size_t total_, done_ = 0, failed_ = 0;
  Clock::time_point begin_;
  bool stopping_ = false;
};

}  // namespace

void end_with_table() {
  const char* parent = std::getenv(kParentVariable);
  if (parent == nullptr || std::to_string(::getppid()) != parent) return;
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (std::to_string(::getppid()) != parent) ::raise(SIGTERM);  // it ended just before
}

std::string job_name(const TableJob& job) {
  return fmt::format("{} (seed {})", job.row, job.run.seed);
}

void record_failure(const TableJob& job, const std::string& reason) {
  write_file(run_failure_file(job.run.dir), reason + "\n");
}

std::vector<TableJob> missing_jobs(const TableSpec& spec) {
  std::vector<TableJob> jobs;
  std::set<fs::path> seen;
  for (const auto& entry : spec.entries)
    for (const auto& run : entry.runs)
      if (!run.config.empty() && !run_is_finished(run.dir) && seen.insert(run.dir).second)
        jobs.push_back({entry.row.name, run});
  return jobs;
}

std::set<std::string> made_features(const TableSpec& spec) {
  std::set<std::string> made;
  for (const auto& entry : spec.entries)
    for (const auto& run : entry.runs)
      if (run_is_finished(run.dir)) made.insert(run.features);
  return made;
}

void run_jobs(const std::vector<TableJob>& todo, const std::set<std::string>& made, int64_t jobs) {
  catch_interrupts();
  Pool(todo, made, jobs).run();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_DFL);
}

}  // namespace tvr
