#include "tests/corruption/damaged_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "store/byte_order.hpp"
#include "store/lmdb_backend.hpp"
#include "store/note.hpp"
#include "tests/support/good.hpp"
#include "tests/support/scratch.hpp"
#include "tools/ppn-ledger/state_reader.hpp"

namespace ppn::tests {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t file_size_max = std::size_t{1} << 30U;

std::string good(const store::Result<std::string>& text) {
  if (!text) throw std::runtime_error{text.error().message};
  return *text;
}

void good(bool ok) {
  if (!ok) throw std::runtime_error{"cannot change a database file"};
}

OriginalFile read_original(const store::StateDirectory& directory,
                           const fs::path& state) {
  OriginalFile original;
  auto bytes = good(store::read_file(directory.database(), file_size_max));
  original.bytes.assign(bytes.begin(), bytes.end());
  original.outside_checkpoint = good(store::read_file(
      store::StateDirectory{state}.outside_checkpoint(), store::max_note_size));
  auto content = raw_content(directory.ledger());
  if (!content) throw std::runtime_error{"the original can not be read"};
  original.content = std::move(*content);
  return original;
}

}  // namespace

OriginalFile OriginalFile::compacted(const store::StateDirectory& directory) {
  ScratchDirectory scratch;
  store::StateDirectory copy{scratch.path()};
  fs::create_directory(copy.ledger());
  auto backend = store::LmdbBackend::open_for_reading(directory);
  if (!backend) throw std::runtime_error{backend.error().message};
  auto copied = (*backend)->copy_to(copy.database());
  if (!copied) throw std::runtime_error{copied.error().message};
  return read_original(copy, directory.root);
}

OriginalFile OriginalFile::as_it_is(const store::StateDirectory& directory) {
  return read_original(directory, directory.root);
}

DamagedFile::DamagedFile(const OriginalFile& original, const fs::path& path)
    : original_(original), directory_{path} {
  fs::create_directories(directory_.ledger());
  file_ =
      store::FileHandle{::open(directory_.database().c_str(),
                               O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  good(file_.open());
  good(store::write_all(file_.get(), original_.bytes, directory_.database())
           .ok());
}

void DamagedFile::flip_bit(std::uint64_t bit) {
  auto byte = original_.bytes[bit / 8];
  byte = static_cast<std::uint8_t>(byte ^ (1U << (bit % 8)));
  good(::pwrite(file_.get(), &byte, 1, static_cast<off_t>(bit / 8)) == 1);
  flipped_.push_back(bit / 8);
}

void DamagedFile::cut_to(std::uint64_t size) {
  good(::ftruncate(file_.get(), static_cast<off_t>(size)) == 0);
  cut_ = true;
}

void DamagedFile::restore() {
  if (cut_) {
    auto size = original_.bytes.size();
    good(::pwrite(file_.get(), original_.bytes.data(), size, 0) ==
         static_cast<ssize_t>(size));
    cut_ = false;
  }
  for (auto byte : flipped_)
    good(::pwrite(file_.get(), &original_.bytes[byte], 1,
                  static_cast<off_t>(byte)) == 1);
  flipped_.clear();
}

Outcome DamagedFile::judge(store::AuditLevel level,
                           const NoteOutcome& note) const {
  auto audited = audit(level);
  if (audited != Outcome::undetected) return audited;
  note(Outcome::unreadable);
  return compare();
}

Outcome DamagedFile::audit(store::AuditLevel level) const {
  auto backend = store::LmdbBackend::open_for_reading(directory_);
  if (!backend) return Outcome::refused;
  tools::StateFold fold;
  store::AuditOptions options;
  options.level = level;
  options.oracle = &fold;
  options.known_checkpoints = {{"outside", original_.outside_checkpoint}};
  auto report = good(store::audit(**backend, options));
  return report.valid() ? Outcome::undetected : Outcome::found;
}

Outcome DamagedFile::compare() const {
  auto content = raw_content(directory_.ledger());
  if (!content) return Outcome::unreadable;
  const auto& due = original_.content;
  if (content->pairs != due.pairs) return Outcome::undetected;
  if (content->snapshots == due.snapshots) return Outcome::harmless;
  for (const auto& snapshot : content->snapshots)
    if (std::count(due.snapshots.begin(), due.snapshots.end(), snapshot) == 0)
      return Outcome::undetected;
  return Outcome::snapshot_lost;
}

}  // namespace ppn::tests
