#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "commands.h"
#include "tvr/base/error.h"
#include "tvr/text/assets.h"
#include "tvr/text/mojibake.h"
#include "tvr/text/tokenizer.h"

namespace tvr {
namespace {

struct TokenizeOptions {
  std::string tokenizer = "clip";
  bool special = false, ids = true, null = false, mojibake = false;
};

std::string line_of_ids(const Tokenizer& tokenizer, const std::string& caption) {
  std::string line;
  for (const int64_t id : tokenizer.encode(caption)) line += (line.empty() ? "" : " ") + std::to_string(id);
  return line + '\n';
}

void tokenize(const TokenizeOptions& options) {
  const auto tokenizer = make_tokenizer(options.tokenizer, default_assets(), options.special);
  const char end = options.null ? '\0' : '\n';
  int64_t damaged = 0;
  for (std::string caption; std::getline(std::cin, caption, end);) {
    const bool is_damaged = looks_like_mojibake(caption);
    damaged += is_damaged;
    if (!options.mojibake)
      std::cout << line_of_ids(*tokenizer, caption);
    else if (is_damaged)
      std::cout << caption << end;
  }
  std::cout.flush();
  if (!std::cout) throw DataError("Standard output cannot be written; is the disk full?");
  if (damaged > 0)
    std::cerr << "note: " << damaged << (damaged == 1 ? " caption looks" : " captions look")
              << " like UTF-8 that was read in another encoding; tvr does not repair that (--mojibake prints them).\n";
}

}  // namespace

void add_tokenize_command(CLI::App& app) {
  auto* command = app.add_subcommand("tokenize", "Token ids of captions: one caption a line in, one line of ids out");
  auto options = std::make_shared<TokenizeOptions>();
  command
      ->add_option("--tokenizer", options->tokenizer,
                   "clip, or a sentencepiece model: FILE.model (its own ids), siglip:FILE.model, siglip2:FILE.model, "
                   "xlm_roberta:FILE.model")
      ->capture_default_str();
  command->add_flag(
      "--special", options->special,
      "read <|startoftext|> and <|endoftext|> in captions as the tokens of that name, as OpenAI's code does; "
      "training and evaluation read them as text");
  command->add_flag("--ids", options->ids,
                    "ids alone, without start and end tokens, not truncated: what is always printed");
  command->add_flag("--null", options->null, "captions end in NUL and may hold line breaks");
  command->add_flag("--mojibake", options->mojibake,
                    "print the captions that look like UTF-8 read in another encoding instead of ids");
  command->footer(
      "Examples:\n"
      "  echo 'a photo of a cat' | tvr tokenize\n"
      "  tvr tokenize --tokenizer siglip:spiece.model < captions.txt > ids.txt\n"
      "  tvr tokenize --mojibake < captions.txt");
  command->callback([options] { tokenize(*options); });
}

}  // namespace tvr
