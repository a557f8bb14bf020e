#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "tvr/eval/table_spec.h"

namespace tvr {

/// A training of a table with the row it belongs to.
struct TableJob {
  std::string row;
  PlannedRun run;
};

std::string job_name(const TableJob& job);  ///< "ROW (seed S)"

/// Keeps the reason where the table finds it.
void record_failure(const TableJob& job, const std::string& reason);

/// The runs of a table that are not finished, each once. Directories without a configuration are left out.
std::vector<TableJob> missing_jobs(const TableSpec& spec);

/// PlannedRun::features of the runs that are finished.
std::set<std::string> made_features(const TableSpec& spec);

/// Trains and evaluates every job in a process of its own, `jobs` at a time; more than one at a time get one thread
/// each (run.threads=1). What a process prints goes to run_log_file(); the reason of one that fails, to
/// run_failure_file(), and the others go on. Of jobs that read the same features the first one runs to its end before
/// the others start, so that the features are made once; `made` are features that are there already. A line on standard
/// error tells of every start and end. After SIGINT or SIGTERM the processes are told to stop, waited for, and
/// Interrupted is thrown.
void run_jobs(const std::vector<TableJob>& todo, const std::set<std::string>& made, int64_t jobs);

/// In a process that run_jobs() started: if the table is killed, this process gets SIGTERM, on which a training saves a
/// checkpoint and ends. Elsewhere nothing.
void end_with_table();

}  // namespace tvr
