#include "access/access.hpp"
#include "base/error.hpp"
#include "server/make.hpp"

namespace video {
namespace {

namespace rights = access::rights;

class DaemonServer : public LocalServer {
 public:
  explicit DaemonServer(access::Access& access) : access_(access) {}

  ServerStatus status(const Credential& by, const Nothing&) override {
    return asked(by, rights::serverStatus, daemon_.status);
  }
  ServerLimits limits(const Credential& by, const Nothing&) override {
    return asked(by, rights::serverLimits, daemon_.limits);
  }
  Reloaded reload(const Credential& by, const Nothing&) override {
    return asked(by, rights::serverReload, daemon_.reload);
  }
  std::string metrics(const Credential& by) override { return asked(by, rights::serverMetrics, daemon_.metrics); }

  void become(RunningDaemon daemon) override { daemon_ = std::move(daemon); }
  const RunningDaemon& daemon() const override { return daemon_; }

 private:
  template <class Given>
  Given asked(const Credential& by, const access::Right& right, const std::function<Given()>& what) {
    access::require(access_.identify(by), right);
    if (!what) throw Error(Fault::unreachable, "server: no daemon is running, and this command needs one");
    return what();
  }

  access::Access& access_;
  RunningDaemon daemon_;
};

}  // namespace

std::unique_ptr<LocalServer> makeLocalServer(access::Access& access) {
  return std::make_unique<DaemonServer>(access);
}

}  // namespace video
