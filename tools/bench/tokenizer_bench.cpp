// Encodes each line of a file with a tokenizer, TURNS times in one thread: prints the processor seconds of each turn,
// then the number of tokens of one. Called by tokenizer_peer.py.
#include <cstdlib>
#include <ctime>
#include <exception>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "tvr/text/assets.h"
#include "tvr/text/tokenizer.h"

namespace tvr {
namespace {

void measure(const std::string& name, const std::string& path, int turns) {
  std::vector<std::string> texts;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) texts.push_back(line);
  const auto tokenizer = make_tokenizer(name, default_assets());
  size_t tokens = 0;
  for (int turn = 0; turn < turns; ++turn) {
    tokens = 0;
    const auto begin = std::clock();
    for (const auto& text : texts) tokens += tokenizer->encode(text).size();
    std::cout << static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC << '\n';
  }
  std::cout << tokens << '\n';
}

}  // namespace
}  // namespace tvr

int main(int count, char** arguments) {
  if (count != 4) {
    std::cerr << "usage: tvr_tokenizer_bench TOKENIZER FILE TURNS\n";
    return 2;
  }
  try {
    tvr::measure(arguments[1], arguments[2], std::atoi(arguments[3]));
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
