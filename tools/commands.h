#pragma once

namespace CLI {
class App;
}

namespace tvr {

// One function a sub-command, each in the file of its name. It adds options and examples to `app` and sets the callback
// that does the work; the callback throws tvr::Error for what the user can put right.
void add_train_command(CLI::App& app);
void add_eval_command(CLI::App& app);
void add_metrics_command(CLI::App& app);
void add_compare_command(CLI::App& app);
void add_table_command(CLI::App& app);
void add_data_command(CLI::App& app);
void add_frames_command(CLI::App& app);
void add_tokenize_command(CLI::App& app);
void add_score_command(CLI::App& app);
void add_encode_command(CLI::App& app);
void add_weights_command(CLI::App& app);
void add_describe_command(CLI::App& app);
void add_doctor_command(CLI::App& app);

}  // namespace tvr
