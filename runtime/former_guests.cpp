#include "runtime/former_guests.hpp"

#include <algorithm>
#include <charconv>

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

std::uint64_t number_before_dot(const std::string& name) {
  std::uint64_t number = 0;
  std::from_chars(name.data(), name.data() + name.find('.'), number);
  return number;
}

/// The highest number of a start that left something there.
std::uint64_t newest_start(const std::filesystem::path& run_dir) {
  std::uint64_t newest = 0;
  std::error_code error;
  std::filesystem::directory_iterator files{run_dir, error};
  for (; !error && files != std::filesystem::directory_iterator{};
       files.increment(error)) {
    auto name = files->path().filename().string();
    if (name.find('.') != std::string::npos)
      newest = std::max(newest, number_before_dot(name));
  }
  return newest;
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
  wish.wish = guest.wish;
  if (wish.wish == schema::VmWish::off && lives_in(run_dir))
    wish.wish = schema::VmWish::running;
  if (wish.start == 0) wish.wish = schema::VmWish::off;
  for (const auto& digest : events::images_of(guest.spec)) {
    auto image = former.images.find(digest);
    if (image != former.images.end()) wish.images.insert(*image);
  }
  return wish;
}

}  // namespace ppn::runtime
