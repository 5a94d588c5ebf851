#include "comments/fields.hpp"
#include "http/client.hpp"
#include "http/router.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<NewComment, Comment> post{{"comments.post", Method::post, "/videos/{video}/comments", 201}};
constexpr Endpoint<CommentQuery, Page<Comment>> list{
    {"comments.list", Method::get, "/videos/{video}/comments", 200, http::api, false, true}};
constexpr Endpoint<CommentRef, void> remove{{"comments.remove", Method::delete_, "/videos/{video}/comments/{id}", 204}};
constexpr Endpoint<CommentRef, void> removeOne{
    {"comments.remove", Method::delete_, "/videos/{video}/comment/{id}", 204}};
}  // namespace wire

class RemoteComments : public Comments {
 public:
  explicit RemoteComments(http::Client& server) : server_(server) {}
  Comment post(const Credential& by, const NewComment& wanted) override { return server_.call(wire::post, by, wanted); }
  Page<Comment> list(const Credential& by, const CommentQuery& wanted) override {
    return server_.call(wire::list, by, wanted);
  }
  void remove(const Credential& by, const CommentRef& wanted) override { server_.call(wire::remove, by, wanted); }

 private:
  http::Client& server_;
};

}  // namespace

std::unique_ptr<Comments> makeRemoteComments(http::Client& server) {
  return std::make_unique<RemoteComments>(server);
}

void serveComments(http::Router& router, Comments& comments) {
  router.serve(wire::post, [&](auto& by, auto& wanted) { return comments.post(by, wanted); });
  router.serve(wire::list, [&](auto& by, auto& wanted) { return comments.list(by, wanted); });
  router.serve(wire::remove, [&](auto& by, auto& wanted) { comments.remove(by, wanted); });
  router.serve(wire::removeOne, [&](auto& by, auto& wanted) { comments.remove(by, wanted); });
}

}  // namespace video
