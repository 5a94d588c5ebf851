#include "observe/notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "catch.hpp"
#include "os/descriptor.hpp"
#include "temp.hpp"

using namespace video;

TEST_CASE("systemd is notified if it listens") {
  ::unsetenv("NOTIFY_SOCKET");
  observe::notifyReady();

  const TempDirectory folder;
  const std::string path = (folder / "notify").string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);

  char told[64]{};
  observe::notifyReady();
  CHECK(::recv(socket.number(), told, sizeof told, 0) == 7);
  CHECK(std::string(told) == "READY=1");
  std::memset(told, 0, sizeof told);
  observe::notifyStopping();
  CHECK(::recv(socket.number(), told, sizeof told, 0) == 10);
  CHECK(std::string(told) == "STOPPING=1");

  ::unsetenv("NOTIFY_SOCKET");
}
