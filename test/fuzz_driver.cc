// Runs a fuzz entry without libFuzzer: the corpus, then mutations of it under a fixed seed, bounded in time.
// Usage: entry [corpus folder]

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::vector<std::string> read_corpus(const char* folder) {
  std::vector<std::string> inputs{""};
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(folder, error)) {
    std::ifstream in(file.path(), std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return inputs;
}

std::string mutate(const std::vector<std::string>& inputs, std::mt19937& random) {
  std::string text = inputs[random() % inputs.size()];
  for (unsigned rounds = 1 + random() % 4; rounds > 0; --rounds) {
    const std::size_t at = text.empty() ? 0 : random() % text.size();
    switch (random() % 4) {
      case 0: text.insert(at, 1, static_cast<char>(random())); break;
      case 1:
        if (!text.empty()) text.erase(at, 1 + random() % 8);
        break;
      case 2:
        if (!text.empty()) text[at] = static_cast<char>(text[at] ^ (1 << random() % 8));
        break;
      default: {
        const std::string& other = inputs[random() % inputs.size()];
        text.insert(at, other.substr(other.empty() ? 0 : random() % other.size(), random() % 32));
      }
    }
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  const auto inputs = argc > 1 ? read_corpus(argv[1]) : std::vector<std::string>{""};
  const auto run = [](const std::string& text) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  };
  for (const auto& input : inputs) run(input);
  std::mt19937 random(1);
  std::size_t runs = inputs.size();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  for (; runs < 20000 && std::chrono::steady_clock::now() < end; ++runs) run(mutate(inputs, random));
  std::printf("%zu inputs, %zu of them from the corpus\n", runs, inputs.size());
}
