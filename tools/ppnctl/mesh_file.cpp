#include "tools/ppnctl/mesh_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace ppn::ctl {

namespace {

Failure cannot(const char* what, const std::string& path) {
  return {exit_failed,
          fmt::format("cannot {} {}: {}", what, path, std::strerror(errno))};
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ > STDERR_FILENO) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

/// So that no other file is sent by mistake.
constexpr std::string_view header = "ppn-mesh-v1\n";

/// Others would be many times as long in JSON.
bool is_plain(char c) { return c == '\n' || (c >= ' ' && c <= '~'); }

std::optional<Failure> write_all(int descriptor, std::string_view text,
                                 const std::string& path) {
  while (!text.empty()) {
    auto written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return cannot("write", path);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(descriptor) != 0) return cannot("write", path);
  return std::nullopt;
}

/// Nothing is there, or a file that may be replaced.
std::optional<Failure> fault_of_place(const std::string& path, bool force) {
  struct stat there {};
  if (::lstat(path.c_str(), &there) != 0) return std::nullopt;
  if (!S_ISREG(there.st_mode))
    return Failure{exit_failed, fmt::format("{} is no regular file", path),
                   "name another one"};
  if (force) return std::nullopt;
  return Failure{exit_failed, fmt::format("{} is there already", path),
                 "name another one, or use --force to replace it"};
}

}  // namespace

Result<std::string> read_mesh_file(const std::string& path) {
  bool is_input = path == "-";
  Descriptor file{is_input ? STDIN_FILENO
                           : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.get() < 0) return cannot("open", path);
  std::string text;
  std::array<char, std::size_t{64} * 1024> piece{};
  for (;;) {
    auto got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot("read", path);
    if (got == 0) break;
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.size() > mesh_file_bytes_max)
      return Failure{
          exit_usage,
          fmt::format("{} is larger than {} KiB, which no file of ppnctl mesh "
                      "export can be",
                      path, mesh_file_bytes_max / 1024)};
  }
  if (!text.starts_with(header) ||
      !std::all_of(text.begin(), text.end(), is_plain))
    return Failure{exit_usage,
                   fmt::format("{} is no file of ppnctl mesh export", path)};
  return text;
}

std::optional<Failure> write_mesh_file(const std::string& path,
                                       std::string_view text, bool force) {
  if (auto fault = fault_of_place(path, force)) return fault;
  auto partial = fmt::format("{}.{}.partial", path, ::getpid());
  constexpr mode_t for_all = 0666;  // but for what the umask takes away
  Descriptor file{::open(partial.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, for_all)};
  if (file.get() < 0) return cannot("create", path);
  auto failure = write_all(file.get(), text, partial);
  if (!failure && std::rename(partial.c_str(), path.c_str()) != 0)
    failure = cannot("create", path);
  if (failure) ::unlink(partial.c_str());
  return failure;
}

}  // namespace ppn::ctl
