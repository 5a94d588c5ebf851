#include <fmt/format.h>

#include "exports/fields.hpp"
#include "exports/make.hpp"
#include "http/client/client.hpp"
#include "http/routing/router.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<UserName, Export> start{{.name = "exports.start",
                                            .method = Method::post,
                                            .path = "/user/{user_name}/export",
                                            .success = 202,
                                            .summary = "Start an export of all data of a user"}};
constexpr Endpoint<ExportRef, Content> open{
    {.name = "exports.open",
     .method = Method::get,
     .path = "/user/{user_name}/export/{id}",
     .summary = "Download an export as a tar archive; until it is ready, show its state as JSON",
     .mediaType = exportType,
     .flags = {.noStore = true}}};
}  // namespace wire

class RemoteExports : public Exports {
 public:
  explicit RemoteExports(http::Client& server) : server_(server) {}
  Export start(const Credential& by, const UserName& wanted) override { return server_.call(wire::start, by, wanted); }
  Content open(const Credential& by, const ExportRef& wanted) override { return server_.open(wire::open, by, wanted); }

 private:
  http::Client& server_;
};

}  // namespace

std::unique_ptr<Exports> makeRemoteExports(http::Client& server) {
  return std::make_unique<RemoteExports>(server);
}

void serveExports(http::Router& router, Exports& exports) {
  router.serve(
      wire::start, [&](auto& by, auto& wanted) { return exports.start(by, wanted); },
      [](const Export& started, const http::Exchange&, http::Answer& answer) {
        answer.set("Location", fmt::format("/user/{}/export/{}", started.userName, started.id.text));
      });
  router.serveContent(wire::open, [&](auto& by, auto& wanted) { return exports.open(by, wanted); });
}

}  // namespace video
