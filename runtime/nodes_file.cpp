#include "runtime/nodes_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "events/roster.hpp"
#include "schema/entry_text.hpp"
#include "store/byte_order.hpp"
#include "store/files.hpp"

namespace ppn::runtime {

namespace {

constexpr std::size_t file_size_max = std::size_t{1} << 28U;
constexpr mode_t private_to_us = 0600;

store::Status append_durably(const std::filesystem::path& path,
                             std::string_view text) {
  store::FileHandle file{::open(
      path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, private_to_us)};
  if (!file.open()) return store::system_error("can not open", path);
  if (auto written = store::write_all(file.get(), store::as_bytes(text), path);
      !written)
    return written;
  if (::fsync(file.get()) != 0)
    return store::system_error("can not sync", path);
  return {};
}

}  // namespace

std::string node_line(ByteView entry) {
  const auto* own = schema::GetEntry(entry.data());
  schema::Json head{{"schema", "ppn.node-change.v1"},
                    {"ledger_index", own->sequence()}};
  const auto* taken = own->payload_as_RosterEntryTaken();
  auto found = events::roster_entry(*own);
  // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): to bytes
  auto authors =
      taken == nullptr
          ? entry
          : ByteView{reinterpret_cast<const std::uint8_t*>(found.held.data()),
                     taken->entry()->size()};
  // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
  return schema::compact(schema::entry_document(head, authors)) + "\n";
}

store::Status NodesFile::append(const std::vector<Bytes>& entries) {
  std::string text;
  for (const auto& entry : entries) text += node_line(entry);
  auto written = lines_ == 0 ? begin(text) : append_durably(path_, text);
  if (written)
    lines_ += entries.size();
  else
    lines_ = 0;  // What it has now is looked at again.
  return written;
}

store::Status NodesFile::begin(const std::string& all) {
  auto there = store::read_file(path_, file_size_max);
  if (there && *there == all) return {};
  if (there && all.starts_with(*there) &&
      (there->empty() || there->back() == '\n'))
    return append_durably(path_, std::string_view{all}.substr(there->size()));
  return store::replace_file(path_, store::as_bytes(all), private_to_us);
}

}  // namespace ppn::runtime
