#include "tests/simulation/bulk.hpp"

#include "store/hash.hpp"

namespace ppn::simulation {

namespace {

using store::Error;
using store::ErrorCode;

constexpr std::uint64_t document_bytes = 1200;
constexpr std::uint64_t image_bytes = 1400;
/// For no longer a port waits for anybody.
constexpr std::uint64_t late_max_ns = 30 * second;

Error not_reached(const events::IpAddress& at) {
  return {ErrorCode::io, "nobody gives anything at " + at.text()};
}

Error not_there() { return {ErrorCode::not_found, "it is not there"}; }

Error something_else() {
  return {ErrorCode::damaged, "what came is something else"};
}

void tell(const BulkNet::ImageWish& wish, std::uint64_t done) {
  caf::anon_send(wish.follower, actors::progress_atom::value, wish.id, done,
                 wish.image->size);
}

}  // namespace

// -- who gives what -----------------------------------------------------------

void BulkNet::listen(Host& host, const events::IpAddress& own) {
  shelves_[host.index].own = own;
}

void BulkNet::offer(Host& host, const actors::DocumentsPtr& documents) {
  for (const auto& [hash, document] : *documents)
    if (store::sha256(*document) != hash)
      scene_.violate(host, "it offers a document under another hash");
  shelves_[host.index].documents = *documents;
}

Hash BulkNet::plant(Host& host, const Bytes& document) {
  auto hash = store::sha256(document);
  shelves_[host.index].planted[hash] = std::make_shared<const Bytes>(document);
  return hash;
}

actors::BytesPtr BulkNet::some_document() {
  std::vector<actors::BytesPtr> all;
  for (const auto& [host, shelf] : shelves_)
    for (const auto& [hash, document] : shelf.documents)
      all.push_back(document);
  return all.empty() ? nullptr : all[scene_.random.below(all.size())];
}

void BulkNet::end(const Host& host) {
  shelves_.erase(host.index);
  std::erase_if(waiting_,
                [&](const auto& one) { return one.second.host == host.index; });
}

// -- what takes time ----------------------------------------------------------

std::uint64_t BulkNet::some_delay() {
  return scene_.random.below(scene_.strikes(Fault::bulk_late) ? late_max_ns
                                                              : second / 2);
}

void BulkNet::later(Host& host, std::function<void()> what) {
  auto number = ++last_;
  waiting_[number] = {host.index, std::move(what)};
  scene_.plan(some_delay(), [this, &host, number] {
    if (waiting_.contains(number))
      caf::anon_send(host.process->bulk, happen_atom::value, number);
  });
}

void BulkNet::happen(std::uint64_t number) {
  auto waiting = waiting_.find(number);
  if (waiting == waiting_.end()) return;
  auto what = std::move(waiting->second.what);
  waiting_.erase(waiting);
  what();
}

// -- what is fetched ----------------------------------------------------------

Host* BulkNet::reach(Host& from, const events::IpAddress& at,
                     std::uint64_t size) {
  auto own = shelves_[from.index].own;
  if (!own || scene_.strikes(Fault::bulk_fails)) return nullptr;
  for (auto& host : scene_.hosts) {
    auto shelf = shelves_.find(host.index);
    if (shelf == shelves_.end() || shelf->second.own != at || !host.process ||
        host.is_suspended || !host.device.has_address(at))
      continue;
    bool passes = &host == &from ||
                  (tunnels_.carry(from, *own, at, size) == &host &&
                   tunnels_.carry(host, at, *own, size) == &from);
    if (passes) return &host;
  }
  return nullptr;
}

store::Result<actors::BytesPtr> BulkNet::give(Host& to,
                                              const events::IpAddress& from,
                                              const Hash& hash) {
  const auto* other = reach(to, from, document_bytes);
  if (other == nullptr) return not_reached(from);
  if (other->lies && scene_.one_in(2)) return something_else();
  const auto& shelf = shelves_[other->index];
  for (const auto* documents : {&shelf.documents, &shelf.planted})
    if (auto found = documents->find(hash); found != documents->end())
      return found->second;
  return not_there();
}

void BulkNet::fetch(Host& host, const events::IpAddress& from, const Hash& hash,
                    const TakeDocument& take) {
  later(host, [this, &host, from, hash, take] {
    auto given = give(host, from, hash);
    scene_.trace.note(host.index, given ? "document fetched" : "no document", 0,
                      hash.view());
    take(given);
  });
}

store::Result<Host*> BulkNet::source_of(Host& to, const ImageWish& wish) {
  auto* other = reach(to, wish.from, image_bytes);
  if (other == nullptr) return not_reached(wish.from);
  if (!other->images.contains(wish.image->digest)) return not_there();
  return other;
}

/// What was checked is kept like what its operator added.
store::Result<actors::ImageKept> BulkNet::keep(Host& host,
                                               const ImageWish& wish) {
  auto source = source_of(host, wish);
  if (!source) return source.error();
  if ((*source)->lies && scene_.one_in(2)) return something_else();
  if (scene_.strikes(Fault::disk_full))
    return Error{ErrorCode::disk_full, "there is no room for the image"};
  tell(wish, wish.image->size);
  const auto& image = *wish.image;
  bool is_new = host.images.insert(image.digest).second;
  return actors::ImageKept{image.digest, image.size, image.format, !is_new};
}

void BulkNet::fetch(Host& host, const ImageWish& wish, const TakeImage& take) {
  later(host, [this, &host, wish, take] {
    if (auto source = source_of(host, wish); !source)
      return take(source.error());
    if (scene_.one_in(2)) tell(wish, wish.image->size / 2);
    later(host, [this, &host, wish, take] {
      auto kept = keep(host, wish);
      scene_.trace.note(host.index, kept ? "image fetched" : "no image", 0,
                        wish.image->digest.view());
      take(kept);
    });
  });
}

// -- the ports ----------------------------------------------------------------

SimulatedBulkPort::behavior_type bulk_port(SimulatedBulkPort::pointer self,
                                           BulkNet* net, Host* host) {
  return {
      [=](actors::listen_atom, const events::IpAddress& own,
          const std::optional<events::IpAddress>& /*controller*/) {
        net->listen(*host, own);
      },
      [=](actors::offer_atom, const actors::DocumentsPtr& documents) {
        net->offer(*host, documents);
      },
      [=](actors::fetch_atom, const events::IpAddress& from,
          const Hash& hash) -> caf::result<actors::BytesPtr> {
        auto promise = self->make_response_promise<actors::BytesPtr>();
        net->fetch(*host, from, hash, [promise](const auto& given) {
          actors::answer(promise, given);
        });
        return promise;
      },
      [=](actors::fetch_atom, const events::IpAddress& from,
          const actors::ImageOfGuestPtr& image, const Id& id,
          const actors::ImageFollower& follower)
          -> caf::result<actors::ImageKept> {
        auto promise = self->make_response_promise<actors::ImageKept>();
        net->fetch(
            *host, {from, image, id, follower},
            [promise](const auto& kept) { actors::answer(promise, kept); });
        return promise;
      },
      [=](happen_atom, std::uint64_t number) { net->happen(number); },
  };
}

actors::BulkPort::behavior_type no_bulk(actors::BulkPort::pointer, int) {
  return {
      [](actors::listen_atom, const events::IpAddress&,
         const std::optional<events::IpAddress>&) {},
      [](actors::offer_atom, const actors::DocumentsPtr&) {},
      [](actors::fetch_atom, const events::IpAddress& from,
         const Hash&) -> caf::result<actors::BytesPtr> {
        return actors::to_message(not_reached(from));
      },
      [](actors::fetch_atom, const events::IpAddress& from,
         const actors::ImageOfGuestPtr&, const Id&,
         const actors::ImageFollower&) -> caf::result<actors::ImageKept> {
        return actors::to_message(not_reached(from));
      },
  };
}

}  // namespace ppn::simulation
