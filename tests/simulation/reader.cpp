#include "tests/simulation/reader.hpp"

#include "store/byte_order.hpp"
#include "store/record.hpp"

namespace ppn::simulation {

namespace {

using Self = actors::LedgerFollower::stateful_pointer<ReaderState>;

/// The entry as the disk has it; empty if it has none.
Bytes entry_on(const Disk& disk, std::uint64_t sequence) {
  auto key = store::big_endian(sequence);
  const auto& records = disk.of(store::Table::entries);
  auto record = records.find(Bytes{key.begin(), key.end()});
  if (record == records.end()) return {};
  auto halves = store::split_record(record->second);
  if (!halves) return {};
  return {halves->entry.begin(), halves->entry.end()};
}

void read_on(Self self, const ReaderParts& parts);

void take(Self self, const ReaderParts& parts, const actors::Entries& entries) {
  auto& state = self->state;
  state.reading = false;
  for (const auto& entry : entries)
    if (entry != entry_on(*parts.disk, state.read++))
      return parts.complain("what is read as entry " +
                            std::to_string(state.read - 1) +
                            " is not what is durable there");
  if (!entries.empty()) read_on(self, parts);
}

void read_on(Self self, const ReaderParts& parts) {
  auto& state = self->state;
  if (state.reading || state.read >= state.told) return;
  state.reading = true;
  self->request(parts.ledger, caf::infinite, actors::read_atom::value,
                state.read, parts.page())
      .then(
          [=](const actors::EntriesPtr& entries) {
            take(self, parts, *entries);
          },
          [=](caf::error& error) { self->quit(error); });
}

}  // namespace

actors::LedgerFollower::behavior_type reader(Self self,
                                             const ReaderParts& parts) {
  self->send(parts.ledger, actors::follow_atom::value,
             actors::LedgerFollower{self});
  return {[=](actors::grew_atom, std::uint64_t entries) {
    if (entries > parts.disk->entries())
      parts.complain("it says that " + std::to_string(entries) +
                     " entries are durable, and that are " +
                     std::to_string(parts.disk->entries()));
    self->state.told = entries;
    read_on(self, parts);
  }};
}

}  // namespace ppn::simulation
