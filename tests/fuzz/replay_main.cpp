// Runs a target once on each input of its corpus, where no fuzzer is linked in:
// the ordinary tests keep the targets and their corpora alive with it.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size);

int main(int argc, char** argv) {
  if (argc != 2 || !std::filesystem::is_directory(argv[1])) {
    std::fputs("usage: fuzz_NAME CORPUS\n", stderr);
    return 2;
  }
  LLVMFuzzerInitialize(&argc, &argv);
  LLVMFuzzerTestOneInput(nullptr, 0);
  int inputs = 0;
  for (const auto& item : std::filesystem::directory_iterator{argv[1]}) {
    std::ifstream file{item.path(), std::ios::binary};
    const std::vector<char> content{std::istreambuf_iterator<char>{file}, {}};
    const std::vector<std::uint8_t> bytes{content.begin(), content.end()};
    std::printf("%s, %zu bytes\n", item.path().c_str(), bytes.size());
    std::fflush(stdout);
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    ++inputs;
  }
  if (inputs == 0) std::fprintf(stderr, "%s is empty\n", argv[1]);
  return inputs == 0 ? 1 : 0;
}
