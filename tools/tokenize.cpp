#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "commands.h"
#include "tvr/base/error.h"
#include "tvr/text/assets.h"
#include "tvr/text/tokenizer.h"

namespace tvr {
namespace {

struct TokenizeOptions {
  std::string tokenizer = "clip";
  bool special = false, ids = true;
};

void tokenize(const TokenizeOptions& options) {
  const auto tokenizer = make_tokenizer(options.tokenizer, default_assets(), options.special);
  for (std::string caption; std::getline(std::cin, caption);) {
    std::string line;
    for (const int64_t id : tokenizer->encode(caption)) line += (line.empty() ? "" : " ") + std::to_string(id);
    std::cout << line << '\n';
  }
  std::cout.flush();
  if (!std::cout) throw DataError("Standard output cannot be written; is the disk full?");
}

}  // namespace

void add_tokenize_command(CLI::App& app) {
  auto* command = app.add_subcommand("tokenize", "Token ids of captions: one caption a line in, one line of ids out");
  auto options = std::make_shared<TokenizeOptions>();
  command->add_option("--tokenizer", options->tokenizer, "clip, or a sentencepiece model FILE.model")
      ->capture_default_str();
  command->add_flag(
      "--special", options->special,
      "read <|startoftext|> and <|endoftext|> in captions as the tokens of that name, as OpenAI's code does; "
      "training and evaluation read them as text");
  command->add_flag("--ids", options->ids,
                    "ids alone, without start and end tokens, not truncated: what is always printed");
  command->footer(
      "Examples:\n"
      "  echo 'a photo of a cat' | tvr tokenize\n"
      "  tvr tokenize --tokenizer spiece.model --ids < captions.txt > ids.txt");
  command->callback([options] { tokenize(*options); });
}

}  // namespace tvr
