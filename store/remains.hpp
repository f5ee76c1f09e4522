// What is left to tell of an identity whose ledger can not go on: the last that
// its successor can name.
#pragma once

#include <optional>
#include <string>

#include "store/backend.hpp"
#include "store/checkpoint.hpp"

namespace ppn::store {

struct Remains {
  NodeId node;
  /// Empty if the database does not tell.
  std::string name;
  /// The newest that is left, a note.
  std::string checkpoint;
  /// Of how many entries that is.
  std::uint64_t size = 0;
  /// The database tells the keys of the node, and they do not contradict.
  bool is_verified = false;

  bool operator==(const Remains&) const = default;
};

/// `database` is null if it can not be opened, and `outside` nothing if there
/// is no checkpoint outside. Nothing if neither tells which node it was, or if
/// no checkpoint of any entry is left.
std::optional<Remains> remains_of(ReadTransaction* database,
                                  const std::optional<std::string>& outside);

}  // namespace ppn::store
