#include "store/witness_memory.hpp"

#include "store/byte_order.hpp"
#include "store/files.hpp"
#include "store/note.hpp"

namespace ppn::store {

namespace {

using Notes = WitnessMemory::Notes;

constexpr const char* heads_folder = "heads";
constexpr const char* cosigned_folder = "cosigned";

Result<Notes> read_notes(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::directory_iterator files{folder, error};
  if (error == std::errc::no_such_file_or_directory) return Notes{};
  Notes notes;
  for (; !error && files != std::filesystem::directory_iterator{};
       files.increment(error)) {
    auto node = NodeId::parse_hex(files->path().filename().string());
    if (!node) continue;
    auto note = read_file(files->path(), max_note_size);
    if (!note) return note.error();
    notes.emplace(*node, std::move(*note));
  }
  if (error) return system_error("read", folder, error);
  return notes;
}

Status keep(const std::filesystem::path& folder, const NodeId& node,
            const std::string& note) {
  if (auto made = make_directory(folder, 0700); !made) return made;
  return replace_file(folder / node.hex(), as_bytes(note), 0600);
}

Status forget(const std::filesystem::path& folder, const NodeId& node) {
  auto file = folder / node.hex();
  std::error_code error;
  bool was_there = std::filesystem::remove(file, error);
  if (error) return system_error("remove", file, error);
  return was_there ? sync_directory(folder) : Status{};
}

}  // namespace

Result<Notes> WitnessFolder::heads() {
  return read_notes(folder_ / heads_folder);
}

Status WitnessFolder::keep_head(const NodeId& node, const std::string& note) {
  return keep(folder_ / heads_folder, node, note);
}

Status WitnessFolder::forget_head(const NodeId& node) {
  return forget(folder_ / heads_folder, node);
}

Result<Notes> WitnessFolder::cosigned() {
  return read_notes(folder_ / cosigned_folder);
}

Status WitnessFolder::keep_cosigned(const NodeId& witness,
                                    const std::string& note) {
  return keep(folder_ / cosigned_folder, witness, note);
}

Status WitnessFolder::forget_cosigned(const NodeId& witness) {
  return forget(folder_ / cosigned_folder, witness);
}

}  // namespace ppn::store
