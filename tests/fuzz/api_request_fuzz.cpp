// Requests to the control API. A line is a method and a target, and what
// follows it the body of a proposal; what is understood keeps the rules of the
// page.
#include <algorithm>

#include "runtime/api_change.hpp"
#include "runtime/api_fleet.hpp"
#include "runtime/api_request.hpp"
#include "store/byte_order.hpp"
#include "tests/fuzz/target.hpp"

namespace ppn::fuzz {

namespace {

using runtime::Answer;
using runtime::Problem;
using runtime::ProblemType;

/// A stranger's text must not command the terminal it is shown on.
void check_problem(const Problem& problem) {
  const auto& detail = problem.detail;
  require(!detail.empty() && detail.size() < 1'000,
          "a problem is told in few words");
  require(std::all_of(detail.begin(), detail.end(),
                      [](char c) { return c >= ' ' && c <= '~'; }),
          "a problem is told in plain text");
}

template <class T>
const T* understood(const Answer<T>& answer) {
  if (const auto* problem = std::get_if<Problem>(&answer))
    check_problem(*problem);
  return std::get_if<T>(&answer);
}

void check_call(std::string_view method, std::string_view target) {
  auto read = runtime::read_call(method, target);
  const auto* call = understood(read);
  if (call == nullptr) {
    bool has_others = std::get<Problem>(read).type ==
                      ProblemType::method_not_allowed;
    require(!has_others || !runtime::allowed_methods(target).empty(),
            "a path with other methods names them");
    return;
  }
  require(call->route->method == method, "a method is not another");
  auto path = target.substr(0, target.find('?'));
  if (call->node.empty())
    require(call->route->path == path ||
                path.find(call->id.hex()) != std::string_view::npos,
            "a path is the route's, or has an id");
  else
    require(path.find("/" + call->node + "/" + call->vm + "/") !=
                    std::string_view::npos &&
                events::is_member_name(call->node) &&
                events::is_member_name(call->vm),
            "a path has the names of a node and its guest");
  constexpr std::uint64_t size = 500;
  auto range = runtime::read_range(call->parameters, size);
  if (const auto* wanted = understood(range))
    require(wanted->limit >= 1 && wanted->limit <= 1'000,
            "a bounded number is read at a time");
  auto begin = runtime::read_stream_begin(call->parameters, "");
  understood(begin);
}

void check_text(const std::string& text) {
  require(!text.empty() && text.size() <= 256, "a text is short");
  require(std::none_of(text.begin(), text.end(),
                       [](unsigned char c) { return c < ' ' || c == 0x7f; }),
          "a text has no control character");
  // Throws if it is not UTF-8.
  (void)schema::Json(text).dump();
}

struct CheckWish {
  void operator()(const runtime::GrantWishFor& wish) const {
    check_text(wish.grant.subject);
    check_text(wish.grant.resource);
    require(wish.grant.rights != schema::Right{}, "a grant has rights");
    require(!wish.seconds || *wish.seconds > 0, "a grant holds for a time");
  }
  void operator()(const actors::RevokeWish& wish) const {
    check_text(wish.reason);
  }
  void operator()(const runtime::FoundWish& wish) const {
    check_text(wish.name);
    check_endpoints(wish.endpoints);
  }
  void operator()(const runtime::ImportWish& wish) const {
    check_endpoints(wish.endpoints);
    if (!wish.replaces.empty()) check_text(wish.replaces);
  }
  void operator()(const runtime::RemoveWish& wish) const {
    check_text(wish.node);
    check_text(wish.reason);
  }
  void operator()(const runtime::MoveRoleWish& wish) const {
    check_text(wish.to);
    require(wish.role != schema::Role{}, "a role is one that there is");
  }
  void operator()(const runtime::EndpointsWish& wish) const {
    check_text(wish.node);
    check_endpoints(wish.endpoints);
  }
  void operator()(const actors::RotateTunnelKey& /*wish*/) const {}
  void operator()(const runtime::RecoverWish& wish) const {
    require(Signature::parse_hex(wish.signature.hex()) == wish.signature,
            "a signature is the same when it is told again");
  }

  void operator()(const runtime::AcknowledgeWish& wish) const {
    check_text(wish.node);
  }
  void operator()(const runtime::AdoptVmWish& wish) const {
    check_text(wish.vm);
  }
  void operator()(const runtime::FleetUseWish& wish) const {
    check_text(wish.node);
    require(wish.drained || wish.reserved, "a use changes something");
  }
  void operator()(const runtime::PlaceGuestWish& wish) const {
    (*this)(wish.guest);
    if (!wish.node.empty()) check_text(wish.node);
    if (!wish.owner.empty()) check_text(wish.owner);
    for (const auto* labels : {&wish.labels, &wish.near, &wish.apart})
      require(labels->size() <= events::labels_max &&
                  std::all_of(labels->begin(), labels->end(),
                              [](const auto& label) {
                                return events::is_label(label);
                              }),
              "labels are few, and look like ones");
  }
  void operator()(const events::SetQuota& wish) const {
    check_text(wish.owner);
    require(wish.quota != events::Quota{}, "a quota bounds something");
  }
  void operator()(const runtime::OrderGuestWish& wish) const {
    check_text(wish.node);
    check_text(wish.vm);
    require(wish.order.verb != schema::GuestVerb::unknown,
            "an order has a verb");
  }

  void operator()(const runtime::CreateVmWish& wish) const {
    check_text(wish.name);
    check_spec(runtime::spec_of(wish));
  }
  void operator()(const runtime::SetVmWish& /*wish*/) const {}
  void operator()(const events::DeleteVm& /*wish*/) const {}
  void operator()(const actors::RemoveImage& /*wish*/) const {}
  void operator()(const runtime::ChangeWish& wish) const {
    std::visit(*this, wish);
  }
  void operator()(const runtime::GuestWish& wish) const {
    std::visit(*this, wish);
  }

 private:
  static void check_spec(const events::VmSpec& spec) {
    flatbuffers::FlatBufferBuilder builder;
    auto stored = events::stored(spec);
    builder.Finish(schema::CreateVmSpec(builder, &stored));
    auto read = events::read_spec(
        *flatbuffers::GetRoot<schema::VmSpec>(builder.GetBufferPointer()));
    require(read.has_value() != events::flaw_of(spec).has_value(),
            "a spec is read if it has no flaw, and only then");
    require(!read || *read == spec, "a spec is the same when it is read");
  }
  static void check_endpoints(const std::vector<events::Endpoint>& endpoints) {
    for (const auto& endpoint : endpoints)
      require(events::Endpoint::parse(endpoint.text()) == endpoint,
              "an endpoint is the same when it is told again");
  }
};

void check_change(std::string_view body) {
  auto read = runtime::read_change(body);
  if (const auto* wish = understood(read)) std::visit(CheckWish{}, *wish);
  auto order = runtime::read_fleet_order(body);
  if (const auto* wish = understood(order)) CheckWish{}(*wish);
  understood(runtime::read_placement(body));
}

}  // namespace

void run(ByteView input) {
  auto text = store::as_text(input);
  auto line = text.substr(0, text.find('\n'));
  auto blank = std::min(line.find(' '), line.size());
  check_call(line.substr(0, blank),
             line.substr(std::min(blank + 1, line.size())));
  auto last_event = runtime::read_stream_begin({}, line);
  understood(last_event);
  check_change(text.substr(std::min(line.size() + 1, text.size())));
}

}  // namespace ppn::fuzz
