// An empty service behind the real transport, to measure the transport itself. Run by transport.sh.
//   transport PORT [FILE]      GET /f returns the file, anything else 100 bytes of JSON
#include <fcntl.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdio>

#include "http/server/transport.hpp"
#include "os/descriptor.hpp"

using namespace video::http;

namespace {

struct Fixed final : Service {
  std::shared_ptr<const video::Descriptor> file;
  std::uint64_t size = 0;

  std::unique_ptr<Admission> begin(const Head&, const Peer&, const Listener&, Answer&) override {
    return std::make_unique<Admission>();
  }
  void serve(const Request& request, Admission&, Answer& answer) noexcept override {
    if (request.head.path == "/f" && file) {
      answer.set("Content-Type", "video/mp4");
      answer.content.push_back({{}, file, 0, size});
      return;
    }
    answer.set("Content-Type", "application/json; charset=utf-8");
    answer.content.push_back({std::string(100, 'x'), nullptr, 0, 0});
  }
  void refuse(int status, std::string_view detail, const Head*, const Peer&, const Listener&, const Admission*,
              Answer& answer) noexcept override {
    answer.status = status;
    answer.content.push_back({std::string(detail), nullptr, 0, 0});
  }
};

}  // namespace

int main(int count, char** arguments) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  Fixed service;
  if (count > 2) {
    service.file = std::make_shared<video::Descriptor>(::open(arguments[2], O_RDONLY | O_CLOEXEC));
    struct stat info {};
    ::fstat(service.file->number(), &info);
    service.size = static_cast<std::uint64_t>(info.st_size);
  }
  Transport transport(service, {});
  Listener listener;
  listener.address = std::string("127.0.0.1:") + (count > 1 ? arguments[1] : "0");
  std::printf("%s\n", transport.listen(listener).c_str());
  std::fflush(stdout);
  transport.start();
  int signal = 0;
  sigwait(&ends, &signal);
  transport.stop();
}
