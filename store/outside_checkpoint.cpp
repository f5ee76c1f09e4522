#include "store/outside_checkpoint.hpp"

#include "store/byte_order.hpp"
#include "store/files.hpp"
#include "store/note.hpp"

namespace ppn::store {

Result<std::string> OutsideCheckpointFile::read() {
  return read_file(path_, max_note_size);
}

Status OutsideCheckpointFile::write(const std::string& note) {
  return replace_file(path_, as_bytes(note), 0600);
}

}  // namespace ppn::store
