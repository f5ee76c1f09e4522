#include "store/remains.hpp"

#include "store/key_rotation.hpp"
#include "store/ledger_view.hpp"
#include "store/opening.hpp"

namespace ppn::store {

namespace {

/// What the first entry says, signed by its node, and the keys since.
struct Origin {
  NodeId node;
  std::string name;
  KeyHistory keys;
  std::uint64_t size = 0;
};

std::optional<Origin> origin_of(LedgerView& view) {
  auto size = view.size();
  if (!size || *size == 0 || !view.check_format()) return std::nullopt;
  auto record = view.record(0);
  if (!record) return std::nullopt;
  AlignedBytes aligned;
  auto first = open_record(*record, aligned);
  if (!first) return std::nullopt;
  auto key = first_key(*first->entry);
  if (!key ||
      !verify(*key, entry_domain, first->halves.entry, first->halves.signature))
    return std::nullopt;
  auto keys = read_key_history(view);
  return Origin{node_id_of(*key), identity_of(*first->entry)->name()->str(),
                keys ? std::move(*keys) : KeyHistory{{0, *key}}, *size};
}

/// A checkpoint of anything at all.
std::optional<Checkpoint> read_checkpoint(std::string_view note) {
  auto checkpoint = parse_checkpoint(note);
  if (!checkpoint || checkpoint->head.size == 0) return std::nullopt;
  return *checkpoint;
}

std::optional<Remains> of_database(LedgerView& view, const Origin& origin) {
  auto note = view.checkpoint_note();
  if (!note) return std::nullopt;
  auto checkpoint = read_checkpoint(*note);
  if (!checkpoint) return std::nullopt;
  auto size = checkpoint->head.size;
  if (!verify_checkpoint(*checkpoint, origin.node, key_at(origin.keys, size)))
    return std::nullopt;
  return Remains{origin.node, origin.name, *note, size, true};
}

std::optional<NodeId> node_of(const Checkpoint& checkpoint) {
  std::string_view name = checkpoint.origin;
  if (!name.starts_with(checkpoint_domain.prefix)) return std::nullopt;
  return NodeId::parse_hex(name.substr(checkpoint_domain.prefix.size()));
}

std::optional<Remains> of_outside(const std::string& note,
                                  const std::optional<Origin>& origin) {
  auto checkpoint = read_checkpoint(note);
  if (!checkpoint) return std::nullopt;
  auto size = checkpoint->head.size;
  if (!origin) {
    auto node = node_of(*checkpoint);
    if (!node) return std::nullopt;
    return Remains{*node, {}, note, size, false};
  }
  if (!verify_outside(*checkpoint, origin->node, origin->keys, origin->size))
    return std::nullopt;
  return Remains{origin->node, origin->name, note, size, true};
}

}  // namespace

std::optional<Remains> remains_of(ReadTransaction* database,
                                  const std::optional<std::string>& outside) {
  std::optional<Origin> origin;
  std::optional<Remains> inner;
  if (database != nullptr) {
    LedgerView view{*database};
    origin = origin_of(view);
    if (origin) inner = of_database(view, *origin);
  }
  auto outer = outside ? of_outside(*outside, origin) : std::nullopt;
  if (!inner) return outer;
  return outer && outer->size >= inner->size ? outer : inner;
}

}  // namespace ppn::store
