#include "http/client.hpp"
#include "http/router.hpp"
#include "tokens/fields.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<NewToken, CreatedToken> create{{"tokens.create", Method::post, "/user/{user_name}/tokens", 201}};
constexpr Endpoint<TokenRef, void> revoke{{"tokens.revoke", Method::delete_, "/tokens/{id}", 204}};
}  // namespace wire

class RemoteTokens : public Tokens {
 public:
  explicit RemoteTokens(http::Client& server) : server_(server) {}
  CreatedToken create(const Credential& by, const NewToken& wanted) override {
    return server_.call(wire::create, by, wanted);
  }
  void revoke(const Credential& by, const TokenRef& wanted) override { server_.call(wire::revoke, by, wanted); }

 private:
  http::Client& server_;
};

}  // namespace

std::unique_ptr<Tokens> makeRemoteTokens(http::Client& server) {
  return std::make_unique<RemoteTokens>(server);
}

void serveTokens(http::Router& router, Tokens& tokens) {
  router.serve(wire::create, [&](auto& by, auto& wanted) { return tokens.create(by, wanted); });
  router.serve(wire::revoke, [&](auto& by, auto& wanted) { tokens.revoke(by, wanted); });
}

}  // namespace video
