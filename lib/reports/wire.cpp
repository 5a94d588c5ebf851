#include "http/client/client.hpp"
#include "http/routing/router.hpp"
#include "reports/fields.hpp"
#include "reports/make.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<ReportVideo, Reported> video{{.name = "reports.video",
                                                 .method = Method::post,
                                                 .path = "/videos/{video}/reports",
                                                 .success = 201,
                                                 .summary = "Report a video to the moderators",
                                                 .flags = {.takesLink = true}}};
constexpr Endpoint<ReportComment, Reported> comment{{.name = "reports.comment",
                                                     .method = Method::post,
                                                     .path = "/videos/{video}/comments/{id}/reports",
                                                     .success = 201,
                                                     .summary = "Report a comment to the moderators",
                                                     .flags = {.takesLink = true}}};
constexpr Endpoint<ReportUser, Reported> user{{.name = "reports.user",
                                               .method = Method::post,
                                               .path = "/user/{user_name}/reports",
                                               .success = 201,
                                               .summary = "Report a user to the moderators"}};
constexpr Endpoint<ReportQuery, Page<ReceivedReport>> list{
    {.name = "reports.list", .method = Method::get, .path = "/reports", .summary = "List reports"}};
constexpr Endpoint<ReportRef, ReceivedReport> show{
    {.name = "reports.show", .method = Method::get, .path = "/reports/{id}", .summary = "Show a report"}};
constexpr Endpoint<ResolveReport, ReceivedReport> resolve{{.name = "reports.resolve",
                                                           .method = Method::post,
                                                           .path = "/reports/{id}/resolve",
                                                           .summary = "Record the decision on a report"}};
constexpr Endpoint<ReportsMadeQuery, Page<Report>> made{{.name = "reports.made",
                                                         .method = Method::get,
                                                         .path = "/user/{user_name}/reports-made",
                                                         .summary = "List the reports that a user has made"}};
}  // namespace wire

class RemoteReports : public Reports {
 public:
  explicit RemoteReports(http::Client& server) : server_(server) {}
  Reported video(const Credential& by, const ReportVideo& wanted) override {
    return server_.call(wire::video, by, wanted);
  }
  Reported comment(const Credential& by, const ReportComment& wanted) override {
    return server_.call(wire::comment, by, wanted);
  }
  Reported user(const Credential& by, const ReportUser& wanted) override {
    return server_.call(wire::user, by, wanted);
  }
  Page<ReceivedReport> list(const Credential& by, const ReportQuery& wanted) override {
    return server_.call(wire::list, by, wanted);
  }
  ReceivedReport show(const Credential& by, const ReportRef& wanted) override {
    return server_.call(wire::show, by, wanted);
  }
  ReceivedReport resolve(const Credential& by, const ResolveReport& wanted) override {
    return server_.call(wire::resolve, by, wanted);
  }
  Page<Report> made(const Credential& by, const ReportsMadeQuery& wanted) override {
    return server_.call(wire::made, by, wanted);
  }

 private:
  http::Client& server_;
};

}  // namespace

std::unique_ptr<Reports> makeRemoteReports(http::Client& server) {
  return std::make_unique<RemoteReports>(server);
}

void serveReports(http::Router& router, Reports& reports) {
  // A report that was made before: there is nothing new to name.
  const auto answer = [](const Reported& given, const http::Exchange&, http::Answer& said) {
    if (given.id) return;
    said.content.clear();
    said.headers.clear();  // those of the JSON reply
    said.status = 204;
  };
  router.serve(
      wire::video,
      [&](auto& by, ReportVideo& wanted, const http::Exchange& exchange) {
        wanted.address = exchange.request.peer.address;
        return reports.video(by, wanted);
      },
      answer);
  router.serve(
      wire::comment,
      [&](auto& by, ReportComment& wanted, const http::Exchange& exchange) {
        wanted.address = exchange.request.peer.address;
        return reports.comment(by, wanted);
      },
      answer);
  router.serve(
      wire::user,
      [&](auto& by, ReportUser& wanted, const http::Exchange& exchange) {
        wanted.address = exchange.request.peer.address;
        return reports.user(by, wanted);
      },
      answer);
  router.serve(wire::list, [&](auto& by, auto& wanted) { return reports.list(by, wanted); });
  router.serve(wire::show, [&](auto& by, auto& wanted) { return reports.show(by, wanted); });
  router.serve(wire::resolve, [&](auto& by, auto& wanted) { return reports.resolve(by, wanted); });
  router.serve(wire::made, [&](auto& by, auto& wanted) { return reports.made(by, wanted); });
}

}  // namespace video
