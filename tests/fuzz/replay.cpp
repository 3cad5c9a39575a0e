// Runs a fuzz target on every file of the folders named, and on a few thousand mutations of each: what a build without
// libFuzzer can do, so that every test run walks the corpora.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr int mutations_per_file = 2000;

void run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

std::string mutated(std::string input, const std::string& other, std::mt19937& random) {
  for (auto edits = 1 + random() % 4; edits > 0; --edits) {
    const std::size_t at = random() % (input.size() + 1);
    switch (random() % 5) {
      case 0: input.insert(at, 1, static_cast<char>(random())); break;
      case 1: input.erase(at, random() % 4); break;
      case 2: input.insert(at, other, random() % (other.size() + 1), random() % 32); break;
      default:
        if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << random() % 8));
    }
  }
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> inputs;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      std::ifstream in(entry.path(), std::ios::binary);
      std::stringstream text;
      text << in.rdbuf();
      inputs.push_back(text.str());
    }
  }
  if (inputs.empty()) {
    std::cerr << "no corpus in the folders named\n";
    return 1;
  }
  std::mt19937 random(1);
  for (const std::string& input : inputs) {
    run(input);
    for (int i = 0; i < mutations_per_file; ++i) run(mutated(input, inputs[random() % inputs.size()], random));
  }
  std::cout << inputs.size() << " inputs and their mutations\n";
  return 0;
}
