// TCP sockets for Asio that no program inherits which this one starts.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <string>

namespace ppn::runtime {

/// As it stands in the midst of a sentence.
std::string in_words(boost::system::error_code error);

/// What errno says.
boost::system::error_code last_error();

/// Nothing is done once there is an error, here and below.
void set_option(int socket, int level, int option, const void* value,
                std::size_t size, boost::system::error_code& error);

void switch_on(int socket, int level, int option,
               boost::system::error_code& error);

/// Takes the descriptor over, and closes it on failure.
template <class Socket>
void adopt_socket(Socket& socket, const boost::asio::ip::tcp& protocol,
                  int descriptor, boost::system::error_code& error) {
  socket.assign(protocol, descriptor, error);
  if (error)
    ::close(descriptor);
  else
    socket.non_blocking(true, error);
}

/// Asio's own would stay open in the programs that this one starts.
template <class Socket>
void open_socket(Socket& socket, const boost::asio::ip::tcp& protocol,
                 boost::system::error_code& error) {
  int descriptor = ::socket(protocol.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0)
    error = last_error();
  else
    adopt_socket(socket, protocol, descriptor, error);
}

}  // namespace ppn::runtime
