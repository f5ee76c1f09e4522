#include "runtime/hosts_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "store/byte_order.hpp"
#include "store/files.hpp"

namespace ppn::runtime {

namespace {

constexpr std::string_view begin_mark =
    "# ppn: members of the mesh, kept by ppnd\n";
constexpr std::string_view end_mark = "# ppn: end\n";
constexpr std::size_t file_size_max = std::size_t{1} << 22U;
constexpr mode_t readable_by_all = 0644;

std::string block_of(const events::Mesh& mesh) {
  if (mesh.members.empty()) return {};
  std::string block{begin_mark};
  auto line = [&](const events::IpAddress& address, const std::string& name) {
    block += address.text() + " " + name + "." + mesh.name + " " + name + "\n";
  };
  for (const auto& [node, member] : mesh.members) {
    line(member.address, member.name);
    if (member.address6) line(*member.address6, member.name);
  }
  return block.append(end_mark);
}

/// Nothing can be put in the place of one, as containers have it.
bool is_mount_point(const std::string& path) {
  std::ifstream mounts{"/proc/self/mountinfo"};
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields{line};
    std::string field;
    // Its fifth field.
    for (int i = 0; i < 5; ++i) fields >> field;
    if (field == path) return true;
  }
  return false;
}

/// Never shorter than both on its way, so that a crash loses no line that was
/// there.
store::Status write_over(const std::string& path, std::string_view text) {
  store::FileHandle file{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  if (!file.open()) return store::system_error("open", path);
  auto written = store::write_all(file.get(), store::as_bytes(text), path);
  if (written && ::ftruncate(file.get(), static_cast<off_t>(text.size())) != 0)
    written = store::system_error("cut", path);
  if (written && ::fsync(file.get()) != 0)
    written = store::system_error("sync", path);
  return written;
}

}  // namespace

std::string with_hosts_block(std::string_view text, const events::Mesh& mesh) {
  std::string before{text};
  std::string after;
  // From behind, since what follows a begin without an end may be anybody's.
  auto end = text.rfind(end_mark);
  auto begin = end == std::string_view::npos ? end
                                             : text.rfind(begin_mark, end);
  if (begin != std::string_view::npos) {
    before = text.substr(0, begin);
    after = text.substr(end + end_mark.size());
  }
  auto block = block_of(mesh);
  bool is_cut_off = !before.empty() && before.back() != '\n';
  if (is_cut_off && !block.empty()) before += '\n';
  return before + block + after;
}

store::Status write_hosts_file(const std::string& path,
                               const events::Mesh& mesh) {
  // A link stays one.
  std::error_code error;
  auto file = std::filesystem::canonical(path, error).string();
  if (error) file = path;
  auto text = store::read_file(file, file_size_max);
  if (!text) return text.error();
  auto wanted = with_hosts_block(*text, mesh);
  if (wanted == *text) return {};
  if (is_mount_point(file)) return write_over(file, wanted);
  return store::replace_file(file, store::as_bytes(wanted), readable_by_all);
}

}  // namespace ppn::runtime
