#include "runtime/former_guests.hpp"

#include <algorithm>

#include "events/state_codec.hpp"
#include "runtime/child_linux.hpp"
#include "runtime/guest_process_linux.hpp"
#include "store/byte_order.hpp"
#include "store/ledger_view.hpp"
#include "store/lmdb_backend.hpp"
#include "store/record.hpp"

namespace ppn::runtime {

namespace {

/// What is read of a ledger up to the first entry that is not good.
events::State state_of(const store::StateDirectory& directory) {
  events::State state;
  auto database = store::LmdbBackend::open_for_reading(directory);
  if (!database) return state;
  auto transaction = (*database)->read();
  if (!transaction) return state;
  store::LedgerView view{**transaction};
  auto scanned = view.scan_records(0, [&](const store::StoredRecord& stored) {
    store::AlignedBytes aligned;
    auto record = store::open_record(stored.record, aligned);
    return record && !events::apply(state, *record->entry);
  });
  // What follows a gap is not read; what came before is of use.
  (void)scanned.ok();
  return state;
}

}  // namespace

std::vector<FormerGuests> read_former_guests(
    const store::StateDirectory& directory) {
  std::vector<FormerGuests> all;
  std::error_code error;
  std::filesystem::directory_iterator former{directory.root / "former", error};
  for (; !error && former != std::filesystem::directory_iterator{};
       former.increment(error)) {
    auto node = NodeId::parse_hex(former->path().filename().string());
    if (!node) continue;
    auto told = in_child([&] {
      auto bytes = events::encode(state_of(directory.former(*node)));
      return std::string{bytes.begin(), bytes.end()};
    });
    if (!told) continue;
    auto state = events::decode(store::as_bytes(*told));
    if (state)
      all.push_back({*node, std::move(state->vms), std::move(state->images)});
  }
  return all;
}

bool lives_in(const std::filesystem::path& run_dir) {
  auto found = find_guest(run_dir);
  // That it can not be told is no sign of death.
  return !found || found->has_value();
}

events::AdoptVm adoption_of(const FormerGuests& former, const Id& vm,
                            const NodeId& self,
                            const std::filesystem::path& run_dir) {
  const auto& guest = former.vms.at(vm);
  events::AdoptVm wish;
  wish.vm = vm;
  wish.name = guest.name;
  wish.spec = guest.spec;
  if (wish.spec.node == former.node) wish.spec.node = self;
  wish.from = former.node;
  wish.start = std::max(guest.start, newest_start(run_dir));
  wish.wish = guest.is_deleting ? schema::VmWish::off : guest.wish;
  wish.lives = wish.start != 0 && lives_in(run_dir);
  for (const auto& digest : events::images_of(guest.spec)) {
    auto image = former.images.find(digest);
    if (image != former.images.end()) wish.images.insert(*image);
  }
  return wish;
}

}  // namespace ppn::runtime
