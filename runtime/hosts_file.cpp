#include "runtime/hosts_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "store/files.hpp"

namespace ppn::runtime {

namespace {

constexpr std::string_view begin_mark =
    "# ppn: members of the mesh, kept by ppnd\n";
constexpr std::string_view end_mark = "# ppn: end\n";
constexpr std::size_t file_size_max = std::size_t{1} << 22U;
constexpr mode_t readable_by_all = 0644;

ByteView bytes_of(std::string_view text) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): to bytes
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

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

/// For a file that nothing can be put in the place of.
store::Status write_over(const std::string& path, std::string_view text) {
  store::FileHandle file{::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC)};
  if (!file.open()) return store::system_error("can not open", path);
  return store::write_all(file.get(), bytes_of(text), path);
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
  auto text = store::read_file(path, file_size_max);
  if (!text) return text.error();
  auto wanted = with_hosts_block(*text, mesh);
  if (wanted == *text) return {};
  auto replaced = store::replace_file(path, bytes_of(wanted), readable_by_all);
  if (replaced) return {};
  return write_over(path, wanted);
}

}  // namespace ppn::runtime
