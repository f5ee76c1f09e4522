// Restoring an export: a checkpoint and a bundle as a stranger may leave them
// in a directory, once as they are and once with a checkpoint made to fit.
#include <fstream>

#include "store/byte_order.hpp"
#include "store/checkpoint.hpp"
#include "store/hash.hpp"
#include "store/log_export.hpp"
#include "store/opening.hpp"
#include "store/record.hpp"
#include "store/statements.hpp"
#include "store/tiles.hpp"
#include "tests/fuzz/memory_backend.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/support/scratch.hpp"

namespace ppn::fuzz {

namespace {

namespace fs = std::filesystem;

void write_file(const fs::path& path, std::string_view content) {
  fs::create_directories(path.parent_path());
  std::ofstream file{path, std::ios::binary | std::ios::trunc};
  file << content << std::flush;
  require(file.good(), "a file can be written");
}

/// As many records as whole ones stand in the bundle.
std::uint64_t width_of(ByteView bundle) {
  Input parts{bundle};
  std::uint64_t width = 0;
  while (parts.rest().size() >= 2 && width < store::tile_width) {
    parts.sized_bytes();
    ++width;
  }
  return width;
}

/// A checkpoint that vouches for the bundle, if it is one.
std::optional<std::string> fitting_checkpoint(ByteView bundle,
                                              std::uint64_t width) {
  auto records = store::parse_bundle(bundle, width);
  if (!records) return std::nullopt;
  store::Frontier tree;
  for (auto record : *records)
    tree.append(store::leaf_hash(record), [](const Hash&) {});
  auto note = store::sign_checkpoint(store::node_id_of(test_key().public_key()),
                                     {width, tree.root()}, test_key());
  require(note.ok(), "a checkpoint can be signed");
  return *note;
}

/// Restores, and holds what was restored against the bundle.
void restore(const fs::path& directory, ByteView bundle) {
  MemoryBackend backend;
  auto note = store::restore_log(directory, backend, {});
  if (!note) return;
  Bytes again;
  for (const auto& [key, record] : backend.pairs(store::Table::entries))
    store::add_to_bundle(again, record);
  require(std::ranges::equal(again, bundle), "every record was restored");
  auto transaction = backend.read();
  store::NoReplay no_replay;
  (void)store::check_and_replay(**transaction, no_replay);
}

}  // namespace

void run(ByteView input) {
  static const tests::ScratchDirectory scratch;
  Input parts{input};
  auto note = store::as_text(parts.sized_bytes());
  auto bundle = parts.rest();
  auto width = width_of(bundle);
  if (width == 0) return;
  auto path = scratch / store::bundle_path({0, width});
  write_file(path, store::as_text(bundle));
  write_file(scratch / "checkpoint", note);
  restore(scratch.path(), bundle);
  if (auto fitting = fitting_checkpoint(bundle, width)) {
    write_file(scratch / "checkpoint", *fitting);
    restore(scratch.path(), bundle);
  }
  fs::remove(path);
}

}  // namespace ppn::fuzz
