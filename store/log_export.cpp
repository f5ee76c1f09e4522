#include "store/log_export.hpp"

#include <sys/stat.h>

#include "store/byte_order.hpp"
#include "store/cosignature.hpp"
#include "store/files.hpp"
#include "store/ledger_view.hpp"
#include "store/record.hpp"
#include "store/tiles.hpp"

namespace ppn::store {

namespace fs = std::filesystem;

namespace {

constexpr mode_t export_file_mode = 0444;
constexpr mode_t export_directory_mode = 0755;
constexpr std::size_t max_bundle_size = tile_width * (max_record_size + 2);
constexpr std::uint64_t bundles_per_commit = 16;

const Error stopped{ErrorCode::bad_input, "stopped"};

class Exporter {
 public:
  Exporter(ReadTransaction& transaction, fs::path directory,
           const ExportProgress& progress)
      : view_(transaction),
        directory_(std::move(directory)),
        progress_(progress) {}

  Result<ExportSummary> run() {
    auto note = view_.checkpoint_note();
    if (!note) return note.error();
    return run(*note);
  }

  Result<ExportSummary> run(const std::string& note) {
    auto checkpoint = parse_checkpoint(note);
    if (!checkpoint) return checkpoint.error();
    summary_.entries = checkpoint->head.size;
    if (auto joined = join_former(*checkpoint); !joined) return joined.error();
    if (auto bundles = write_bundles(); !bundles) return bundles.error();
    for (std::uint8_t level = 0; level < tile_levels; ++level)
      if (auto tiles = write_tiles(level); !tiles) return tiles.error();
    auto written = replace_file(directory_ / "checkpoint",
                                as_bytes(format_note(checkpoint->note)),
                                export_file_mode);
    if (!written) return written.error();
    return summary_;
  }

 private:
  /// What was exported before must be a prefix of this ledger. Cosignatures of
  /// the very same checkpoint are not lost.
  Status join_former(Checkpoint& checkpoint) {
    if (auto made = make_directory(directory_, export_directory_mode); !made)
      return made;
    auto path = directory_ / "checkpoint";
    auto note = read_file(path, max_note_size);
    if (!note && note.error().code == ErrorCode::not_found) return {};
    if (!note) return note.error();
    auto before = parse_checkpoint(*note);
    if (!before) return before.error();
    auto same = is_of_this_ledger(*before, checkpoint.origin);
    if (!same) return same.error();
    if (!*same)
      return Error{ErrorCode::forked,
                   directory_.string() +
                       " holds the export of another history; export into a "
                       "new directory and compare the two"};
    if (before->head.size > checkpoint.head.size)
      return Error{ErrorCode::bad_input,
                   directory_.string() + " holds " +
                       std::to_string(before->head.size) +
                       " entries already, and the checkpoint to export is of " +
                       std::to_string(checkpoint.head.size)};
    if (before->note.text == checkpoint.note.text)
      add_cosignatures(checkpoint.note, before->note.signatures);
    return {};
  }

  Result<bool> is_of_this_ledger(const Checkpoint& before,
                                 const std::string& origin) {
    auto size = view_.size();
    if (!size) return size.error();
    if (before.origin != origin || before.head.size > *size) return false;
    auto root = tree_root(before.head.size, view_.nodes());
    if (!root) return root.error();
    return *root == before.head.root;
  }

  Status write_bundles() {
    for (const auto& address : tiles_of_level(0, summary_.entries)) {
      auto first = address.index * tile_width;
      if (progress_ && !progress_(first, summary_.entries)) return stopped;
      Bytes bundle;
      std::uint64_t taken = 0;
      auto scanned = view_.scan_records(first, [&](const auto& stored) {
        if (taken == address.width) return false;
        add_to_bundle(bundle, stored.record);
        ++taken;
        return true;
      });
      if (!scanned) return scanned;
      if (taken != address.width)
        return Error{ErrorCode::damaged, "the checkpoint is of " +
                                             std::to_string(summary_.entries) +
                                             " entries, and there are only " +
                                             std::to_string(first + taken)};
      if (auto written = write_once(bundle_path(address), bundle); !written)
        return written;
    }
    if (progress_ && !progress_(summary_.entries, summary_.entries))
      return stopped;
    return {};
  }

  Status write_tiles(std::uint8_t level) {
    auto read = view_.nodes();
    for (const auto& address : tiles_of_level(level, summary_.entries)) {
      Bytes tile;
      for (std::uint64_t i = 0; i < address.width; ++i) {
        auto node = read(node_in_tile(level, address.index, i));
        if (!node) return node.error();
        tile.insert(tile.end(), node->bytes.begin(), node->bytes.end());
      }
      if (auto written = write_once(tile_path(level, address), tile); !written)
        return written;
    }
    return {};
  }

  Status write_once(const std::string& name, ByteView bytes) {
    auto path = directory_ / name;
    auto there = read_file(path, max_bundle_size);
    if (there) {
      summary_.files_kept += 1;
      if (std::equal(bytes.begin(), bytes.end(), as_bytes(*there).begin(),
                     as_bytes(*there).end()))
        return {};
      return Error{ErrorCode::forked,
                   path.string() +
                       " is not what the ledger says; somebody "
                       "changed the one or the other"};
    }
    if (there.error().code != ErrorCode::not_found) return there.error();
    if (auto made = make_directory(path.parent_path(), export_directory_mode);
        !made)
      return made;
    summary_.files_added += 1;
    return replace_file(path, bytes, export_file_mode);
  }

  LedgerView view_;
  fs::path directory_;
  const ExportProgress& progress_;
  ExportSummary summary_;
};

class Restorer {
 public:
  Restorer(const fs::path& directory, Backend& target,
           const ExportProgress& progress)
      : directory_(directory), target_(target), progress_(progress) {}

  Result<std::string> run() {
    auto note = read_file(directory_ / "checkpoint", max_note_size);
    if (!note) return note.error();
    auto checkpoint = parse_checkpoint(*note);
    if (!checkpoint) return checkpoint.error();
    auto bundles = tiles_of_level(0, checkpoint->head.size);
    for (std::uint64_t i = 0; i < bundles.size(); i += bundles_per_commit) {
      auto end = std::min(bundles.size(), i + bundles_per_commit);
      if (progress_ && !progress_(frontier_.size(), checkpoint->head.size))
        return stopped;
      std::vector<TileAddress> some;
      for (auto j = i; j < end; ++j) some.push_back(bundles[j]);
      if (auto stored = store_all(some); !stored) return stored.error();
    }
    if (progress_) progress_(frontier_.size(), checkpoint->head.size);
    if (TreeHead{frontier_.size(), frontier_.root()} != checkpoint->head)
      return Error{ErrorCode::damaged,
                   "the records in " + directory_.string() +
                       " do not make the tree that its checkpoint is of"};
    if (auto sealed = seal(*note); !sealed) return sealed.error();
    return *note;
  }

 private:
  Status store_all(const std::vector<TileAddress>& bundles) {
    for (;;) {
      Frontier frontier = frontier_;
      auto transaction = target_.write();
      if (!transaction) return transaction.error();
      Status stored;
      for (const auto& bundle : bundles)
        if (stored) stored = store_bundle(bundle, **transaction, frontier);
      if (stored) stored = (*transaction)->commit();
      if (stored) {
        frontier_ = std::move(frontier);
        return {};
      }
      transaction->reset();
      if (stored.error().code != ErrorCode::map_full) return stored;
      if (auto grown = target_.grow(); !grown) return grown;
    }
  }

  Status store_bundle(const TileAddress& address, WriteTransaction& tables,
                      Frontier& frontier) {
    auto bytes = read_file(directory_ / bundle_path(address), max_bundle_size);
    if (!bytes) return bytes.error();
    auto records = parse_bundle(as_bytes(*bytes), address.width);
    if (!records) return records.error();
    for (auto record : *records)
      if (auto stored = store_record(record, tables, frontier); !stored)
        return {{stored.error().code,
                 bundle_path(address) + ": " + stored.error().message}};
    return {};
  }

  Status store_record(ByteView record, WriteTransaction& tables,
                      Frontier& frontier) {
    auto split = split_record(record);
    if (!split) return split.error();
    auto entry = check_entry(aligned_.assign(split->entry));
    if (!entry) return entry.error();
    auto sequence = frontier.size();
    auto key = big_endian(sequence);
    if (auto put = tables.append(Table::entries, key, record); !put) return put;
    Bytes nodes;
    frontier.append(hash_record(*split).leaf, [&](const Hash& node) {
      nodes.insert(nodes.end(), node.bytes.begin(), node.bytes.end());
    });
    if (auto put = tables.append(Table::tree, key, nodes); !put) return put;
    return tables.insert(Table::streams,
                         stream_key(sequence, (*entry)->stream()->string_view(),
                                    (*entry)->stream_version()),
                         key);
  }

  Status seal(const std::string& note) {
    auto transaction = target_.write();
    if (!transaction) return transaction.error();
    auto put = (*transaction)
                   ->insert(Table::meta, as_bytes(meta_format),
                            as_bytes(ledger_format));
    if (!put) return put;
    put = (*transaction)
              ->insert(Table::meta, as_bytes(meta_checkpoint), as_bytes(note));
    if (!put) return put;
    return (*transaction)->commit();
  }

  const fs::path& directory_;
  Backend& target_;
  const ExportProgress& progress_;
  Frontier frontier_;
  AlignedBytes aligned_;
};

}  // namespace

Result<ExportSummary> export_log(Backend& backend, const fs::path& directory,
                                 const ExportProgress& progress) {
  auto transaction = backend.read();
  if (!transaction) return transaction.error();
  return Exporter{**transaction, directory, progress}.run();
}

Result<ExportSummary> export_log(Backend& backend, const std::string& note,
                                 const fs::path& directory,
                                 const ExportProgress& progress) {
  auto transaction = backend.read();
  if (!transaction) return transaction.error();
  return Exporter{**transaction, directory, progress}.run(note);
}

Result<std::string> restore_log(const fs::path& directory, Backend& target,
                                const ExportProgress& progress) {
  return Restorer{directory, target, progress}.run();
}

}  // namespace ppn::store
