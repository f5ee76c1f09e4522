// What a node remembers of the ledgers of others, so that none of them can
// rewrite its history unseen; and what others vouch for of its own.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "schema/fixed_bytes.hpp"
#include "store/result.hpp"

namespace ppn::store {

/// C2SP signed notes, by node. Each write is durable, and whole or not at all.
class WitnessMemory {
 public:
  using Notes = std::map<NodeId, std::string>;

  WitnessMemory() = default;
  WitnessMemory(const WitnessMemory&) = delete;
  WitnessMemory& operator=(const WitnessMemory&) = delete;
  virtual ~WitnessMemory() = default;

  /// The newest checkpoint of each other node that was found to have grown
  /// only, with this node's cosignature. io, permission.
  virtual Result<Notes> heads() = 0;
  virtual Status keep_head(const NodeId& node, const std::string& note) = 0;
  /// It is no member any more. Nothing if it was not remembered. io.
  virtual Status forget_head(const NodeId& node) = 0;

  /// The newest checkpoint of this node's own ledger that each witness
  /// cosigned, with that cosignature. io.
  virtual Result<Notes> cosigned() = 0;
  virtual Status keep_cosigned(const NodeId& witness,
                               const std::string& note) = 0;
  virtual Status forget_cosigned(const NodeId& witness) = 0;
};

/// A file for each note, named after its node in hexadecimal:
///
///   heads/<node id>
///   cosigned/<node id>
///
/// What has another name is left alone and ignored.
class WitnessFolder final : public WitnessMemory {
 public:
  /// The folder is made when something is first kept there.
  explicit WitnessFolder(std::filesystem::path folder)
      : folder_(std::move(folder)) {}

  Result<Notes> heads() override;
  Status keep_head(const NodeId& node, const std::string& note) override;
  Status forget_head(const NodeId& node) override;
  Result<Notes> cosigned() override;
  Status keep_cosigned(const NodeId& witness, const std::string& note) override;
  Status forget_cosigned(const NodeId& witness) override;

 private:
  std::filesystem::path folder_;
};

}  // namespace ppn::store
