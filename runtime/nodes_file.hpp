// nodes.jsonl: the changes of the roster in its epoch, a line of JSON for each,
// beside the ledger as a view of it. Made anew when it disagrees.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "schema/fixed_bytes.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

/// The line of an entry of a roster in this node's ledger: when and by whom it
/// was decided, what it says, and its index in this node's ledger.
std::string node_line(ByteView entry);

class NodesFile {
 public:
  explicit NodesFile(std::filesystem::path path) : path_(std::move(path)) {}

  /// Lines that it is known to have.
  [[nodiscard]] std::uint64_t lines() const { return lines_; }

  /// The next lines; with the first ones of all the file is compared, and made
  /// anew if it has others. Synced when it returns. io, disk_full.
  store::Status append(const std::vector<Bytes>& entries);

 private:
  store::Status begin(const std::string& all);

  std::filesystem::path path_;
  std::uint64_t lines_ = 0;
};

}  // namespace ppn::runtime
