#include "actors/dispatcher.hpp"

#include <algorithm>
#include <utility>

#include "store/hash.hpp"

namespace ppn::actors {

bool Dispatcher::follow(const events::Fleet& fleet, std::uint64_t now_ns) {
  auto ended = std::erase_if(open_, [&](const auto& one) {
    auto request = fleet.requests.find(one.first);
    return request == fleet.requests.end() || !is_open(request->second);
  });
  for (const auto& [id, request] : fleet.requests)
    if (is_open(request) && !open_.contains(id))
      open_[id] =
          Open{request.node, request.vm, request.sequence, now_ns, now_ns};
  return ended != 0;
}

/// Of each guest, the oldest.
std::map<Id, std::uint64_t> Dispatcher::first_of_guests() const {
  std::map<Id, std::uint64_t> first;
  for (const auto& [id, open] : open_) {
    auto known = first.try_emplace(open.vm, open.sequence).first;
    known->second = std::min(known->second, open.sequence);
  }
  return first;
}

std::vector<Id> Dispatcher::without_document() {
  std::vector<Id> requests;
  for (auto& [id, open] : open_)
    if (!open.document && !std::exchange(open.is_asked, true))
      requests.push_back(id);
  return requests;
}

void Dispatcher::take_document(const Id& request,
                               std::shared_ptr<const Bytes> document,
                               std::shared_ptr<const Bytes> sealed) {
  auto open = open_.find(request);
  if (open == open_.end()) return;
  open->second.hash = store::sha256(*document);
  open->second.document = std::move(document);
  if (sealed) open->second.sealed_hash = store::sha256(*sealed);
  open->second.sealed = std::move(sealed);
}

void Dispatcher::note_no_document(const Id& request) {
  auto open = open_.find(request);
  if (open != open_.end()) open->second.is_asked = false;
}

std::map<Hash, std::shared_ptr<const Bytes>> Dispatcher::documents() const {
  std::map<Hash, std::shared_ptr<const Bytes>> documents;
  for (const auto& [id, open] : open_) {
    if (open.document) documents.emplace(open.hash, open.document);
    if (open.sealed) documents.emplace(open.sealed_hash, open.sealed);
  }
  return documents;
}

std::vector<Dispatcher::Told> Dispatcher::due(std::uint64_t now_ns) {
  std::vector<Told> told;
  auto first = first_of_guests();
  for (auto& [id, open] : open_) {
    bool is_first = first.at(open.vm) == open.sequence;
    if (!is_first || !open.document || now_ns < open.due_ns) continue;
    open.due_ns = now_ns + open.again_ns;
    open.again_ns = std::min(2 * open.again_ns, dispatch_again_max_ns);
    Dispatch dispatch{id, open.hash,
                      static_cast<std::uint32_t>(open.document->size())};
    if (open.sealed) dispatch.sealed = open.sealed_hash;
    told.push_back({open.host, dispatch, open.document});
  }
  return told;
}

void Dispatcher::note_progress(const DispatchAnswer& answer) {
  auto open = open_.find(answer.request);
  if (open != open_.end()) open->second.progress = answer;
}

const DispatchAnswer* Dispatcher::progress_of(const Id& request) const {
  auto open = open_.find(request);
  bool is_known = open != open_.end() && open->second.progress;
  return is_known ? &*open->second.progress : nullptr;
}

std::vector<Id> Dispatcher::late(std::uint64_t now_ns) const {
  std::vector<Id> requests;
  for (const auto& [id, open] : open_)
    if (now_ns >= open.since_ns + request_lapses_after_ns)
      requests.push_back(id);
  return requests;
}

}  // namespace ppn::actors
