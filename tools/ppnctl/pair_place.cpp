#include "tools/ppnctl/pair_place.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <charconv>
#include <memory>
#include <optional>
#include <string_view>

namespace ppn::ctl {

namespace {

struct Place {
  std::string host;
  std::optional<std::string> port;
};

/// Nothing if a bracket is not closed, or something stands behind it.
std::optional<Place> split_place(std::string_view written) {
  auto colon = written.rfind(':');
  bool has_brackets = written.starts_with('[');
  auto end = written.find(']');
  if (has_brackets && end == std::string_view::npos) return std::nullopt;
  // Several of them are those of IPv6.
  bool has_port = has_brackets ? colon == end + 1
                               : colon != std::string_view::npos &&
                                     colon == written.find(':');
  auto host = written.substr(0, has_port ? colon : written.size());
  if (has_brackets && !host.ends_with(']')) return std::nullopt;
  if (has_brackets) host = host.substr(1, host.size() - 2);
  Place place{std::string{host}, std::nullopt};
  if (has_port) place.port = written.substr(colon + 1);
  return place;
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, port);
  return error == std::errc{} && rest == end && port != 0 &&
         text.front() != '0';
}

Result<std::string> address_of(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  if (int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &first);
      error != 0)
    return Failure{exit_failed,
                   fmt::format("cannot find the address of '{}': {}", host,
                               ::gai_strerror(error))};
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found{first,
                                                             ::freeaddrinfo};
  std::array<char, NI_MAXHOST> text{};
  int error = ::getnameinfo(found->ai_addr, found->ai_addrlen, text.data(),
                            text.size(), nullptr, 0, NI_NUMERICHOST);
  if (error != 0)
    return Failure{exit_failed,
                   fmt::format("cannot read the address of '{}'", host)};
  return std::string{text.data()};
}

Failure no_place(const std::string& written, Port port) {
  const char* due = port == Port::none       ? "HOST"
                    : port == Port::optional ? "HOST or HOST:PORT"
                                             : "HOST:PORT";
  return {exit_usage,
          fmt::format("'{}' is not {}; an address of IPv6 with a port is in "
                      "brackets: [2001:db8::1]:9205",
                      written, due)};
}

}  // namespace

Result<std::string> resolve_place(const std::string& written, Port port) {
  auto place = split_place(written);
  bool is_good = place && !place->host.empty() &&
                 (place->port ? port != Port::none && is_port(*place->port)
                              : port != Port::required);
  if (!is_good) return no_place(written, port);
  auto address = address_of(place->host);
  if (!address || !place->port) return address;
  bool is_v6 = address->find(':') != std::string::npos;
  auto host = is_v6 ? '[' + *address + ']' : *address;
  return host + ':' + *place->port;
}

}  // namespace ppn::ctl
