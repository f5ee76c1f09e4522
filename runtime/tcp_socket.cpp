#include "runtime/tcp_socket.hpp"

#include <cctype>
#include <cerrno>

namespace ppn::runtime {

using ErrorCode = boost::system::error_code;

std::string in_words(ErrorCode error) {
  auto words = error.message();
  if (!words.empty())
    words[0] =
        static_cast<char>(std::tolower(static_cast<unsigned char>(words[0])));
  return words;
}

ErrorCode last_error() { return {errno, boost::system::system_category()}; }

void set_option(int socket, int level, int option, const void* value,
                std::size_t size, ErrorCode& error) {
  auto length = static_cast<socklen_t>(size);
  if (!error && ::setsockopt(socket, level, option, value, length) != 0)
    error = last_error();
}

void switch_on(int socket, int level, int option, ErrorCode& error) {
  int on = 1;
  set_option(socket, level, option, &on, sizeof on, error);
}

}  // namespace ppn::runtime
