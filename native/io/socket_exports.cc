// The socket layer as a JavaScript class: options and rows in, commands out.
#include <napi.h>

#include <cstddef>

#include "../environment.hh"
#include "args.hh"
#include "socket_layer.hh"

namespace sluice {

namespace {

double number_of(const Napi::Object& object, const char* name) { return object.Get(name).ToNumber().DoubleValue(); }

uint64_t milliseconds_of(const Napi::Object& object, const char* name) {
  const double value = number_of(object, name);
  // Kafka's "never".
  return value >= 0 && value < 1e15 ? static_cast<uint64_t>(value) : uint64_t{1} << 60;
}

uint32_t count_of(const Napi::Object& object, const char* name) {
  const double value = number_of(object, name);
  return value >= 0 && value < INT32_MAX ? static_cast<uint32_t>(value) : INT32_MAX;
}

SocketLimits limits_of(const Napi::Object& options) {
  SocketLimits limits;
  limits.frame_bytes_max = count_of(options, "frameBytesMax");
  limits.connections_max = count_of(options, "connectionsMax");
  limits.connections_per_address_max = count_of(options, "connectionsPerAddressMax");
  limits.header_deadline_ms = milliseconds_of(options, "headerDeadlineMs");
  limits.body_deadline_ms = milliseconds_of(options, "bodyDeadlineMs");
  limits.idle_ms = milliseconds_of(options, "idleMs");
  limits.output_stall_ms = milliseconds_of(options, "outputStallMs");
  limits.output_bytes_max = number_of(options, "outputBytesMax");
  limits.send_buffer_bytes = options.Get("sendBufferBytes").ToNumber().Int32Value();
  limits.receive_buffer_bytes = options.Get("receiveBufferBytes").ToNumber().Int32Value();
  const Napi::Value congestion = options.Get("congestionControl");
  if (congestion.IsString()) limits.congestion_control = congestion.As<Napi::String>().Utf8Value();
  return limits;
}

}  // namespace

class Sockets : public Napi::ObjectWrap<Sockets> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(
        env, "Sockets",
        {InstanceMethod<&Sockets::listen>("listen"), InstanceMethod<&Sockets::shared>("shared"),
         InstanceMethod<&Sockets::start>("start"), InstanceMethod<&Sockets::set_arena>("setArena"),
         InstanceMethod<&Sockets::execute>("execute"), InstanceMethod<&Sockets::flush>("flush"),
         InstanceMethod<&Sockets::wake>("wake"), InstanceMethod<&Sockets::peer>("peer"),
         InstanceMethod<&Sockets::region_failure>("regionFailure"),
         InstanceMethod<&Sockets::connection_count>("connectionCount"), InstanceMethod<&Sockets::counters>("counters"),
         InstanceMethod<&Sockets::stop_listening>("stopListening"),
         InstanceMethod<&Sockets::close_connections>("closeConnections"), InstanceMethod<&Sockets::close>("close")});
  }

  explicit Sockets(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Sockets>(info) {
    const Napi::Env env = info.Env();
    if (!info[0].IsObject()) {
      Napi::TypeError::New(env, "argument 0 must be the limits").ThrowAsJavaScriptException();
      return;
    }
    layer_ = std::make_shared<SocketLayer>(Environment::of(env), limits_of(info[0].As<Napi::Object>()));
    const int status = layer_->open();
    if (status == 0) return;
    layer_.reset();
    Napi::Error::New(env, "the socket layer could not be made: errno " + std::to_string(-status))
        .ThrowAsJavaScriptException();
  }

  ~Sockets() override {
    if (layer_) layer_->close();
  }

 private:
  // listen(address, port, backlog): the bound port, or -errno.
  Napi::Value listen(const Napi::CallbackInfo& info) {
    Args args(info);
    const std::string address = args.string(0);
    const int32_t port = args.int32(1);
    const int32_t backlog = args.int32(2);
    if (!args.ok()) return info.Env().Undefined();
    uint16_t bound = 0;
    const int status = layer_->listen(address, static_cast<uint16_t>(port), backlog, &bound);
    return Napi::Number::New(info.Env(), status < 0 ? status : bound);
  }

  // shared(): views on the state that both sides use. Asked once: V8 must not be given the same memory twice.
  Napi::Value shared(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    auto* keep = new std::shared_ptr<SocketLayer>(layer_);
    auto buffer = Napi::ArrayBuffer::New(
        env, &layer_->state(), sizeof(SocketState),
        [](Napi::Env, void*, std::shared_ptr<SocketLayer>* kept) { delete kept; }, keep);
    using State = SocketState;
    Napi::Object views = Napi::Object::New(env);
    views.Set("outputBytes", Napi::Float64Array::New(env, State::kSlots, buffer, offsetof(State, output_bytes)));
    views.Set("ids", Napi::Int32Array::New(env, State::kSlots, buffer, offsetof(State, ids)));
    views.Set("rows", Napi::Int32Array::New(env, State::kRows * State::kRowInts, buffer, offsetof(State, rows)));
    views.Set("commands",
              Napi::Int32Array::New(env, State::kCommands * State::kCommandInts, buffer, offsetof(State, commands)));
    views.Set("blocked", Napi::Uint8Array::New(env, State::kSlots, buffer, offsetof(State, blocked)));
    return views;
  }

  // start(deliver): deliver(count) is called once a turn.
  void start(const Napi::CallbackInfo& info) {
    if (!info[0].IsFunction()) {
      Napi::TypeError::New(info.Env(), "argument 0 must be a function").ThrowAsJavaScriptException();
      return;
    }
    deliver_ = Napi::Persistent(info[0].As<Napi::Function>());
    Environment& environment = Environment::of(info.Env());
    layer_->start([this, &environment](size_t count) {
      const Napi::HandleScope scope(environment.env);
      environment.call(deliver_, {Napi::Number::New(environment.env, static_cast<double>(count))});
    });
  }

  // setArena(bytes): where byte commands point. The Buffer is kept alive here.
  void set_arena(const Napi::CallbackInfo& info) {
    Args args(info);
    const Bytes bytes = args.bytes(0);
    if (!args.ok()) return;
    layer_->set_arena(bytes.data);
    arena_ = Napi::Persistent(info[0].As<Napi::Object>());
  }

  // execute(count): queues what the first `count` commands say.
  void execute(const Napi::CallbackInfo& info) {
    Args args(info);
    const int32_t count = args.int32(0);
    if (!args.ok()) return;
    if (count < 0 || static_cast<size_t>(count) > SocketState::kCommands) return args.fail(0, "a count of commands");
    layer_->execute(static_cast<size_t>(count));
  }

  // flush(count): executes, then sends.
  void flush(const Napi::CallbackInfo& info) {
    execute(info);
    layer_->flush_output();
  }

  void wake(const Napi::CallbackInfo& info) { layer_->wake(); }

  // peer(connection): [address, port], or undefined once it is closed.
  Napi::Value peer(const Napi::CallbackInfo& info) {
    Args args(info);
    const int32_t id = args.int32(0);
    const Connection* connection = args.ok() ? layer_->find(id) : nullptr;
    if (connection == nullptr) return info.Env().Undefined();
    Napi::Array result = Napi::Array::New(info.Env(), 2);
    result.Set(0u, connection->remote_address);
    result.Set(1u, static_cast<double>(connection->remote_port));
    return result;
  }

  // regionFailure(index): [path, position, length]; valid in the turn that tells of it.
  Napi::Value region_failure(const Napi::CallbackInfo& info) {
    Args args(info);
    const uint32_t index = args.uint32(0);
    const RegionFailure* failure = args.ok() ? layer_->region_failure(index) : nullptr;
    if (failure == nullptr) return info.Env().Undefined();
    Napi::Array result = Napi::Array::New(info.Env(), 3);
    result.Set(0u, failure->path);
    result.Set(1u, static_cast<double>(failure->position));
    result.Set(2u, static_cast<double>(failure->length));
    return result;
  }

  Napi::Value connection_count(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(layer_->connection_count()));
  }

  Napi::Value counters(const Napi::CallbackInfo& info) {
    const SocketCounters& counters = layer_->counters();
    const std::pair<const char*, uint64_t> fields[] = {
        {"accepted", counters.accepted},   {"refused", counters.refused},
        {"closed", counters.closed},       {"framesIn", counters.frames_in},
        {"bytesIn", counters.bytes_in},    {"bytesOut", counters.bytes_out},
        {"turns", counters.turns},         {"regionBytesOut", counters.region_bytes_out},
        {"refusedNoDescriptor", counters.refused_no_descriptor}};
    Napi::Object result = Napi::Object::New(info.Env());
    for (const auto& [name, value] : fields) result.Set(name, static_cast<double>(value));
    return result;
  }

  void stop_listening(const Napi::CallbackInfo& info) { layer_->stop_listening(); }
  void close_connections(const Napi::CallbackInfo& info) { layer_->close_connections(); }

  void close(const Napi::CallbackInfo& info) {
    layer_->close();
    // It holds the transport, which holds this object.
    deliver_.Reset();
  }

  std::shared_ptr<SocketLayer> layer_;
  Napi::FunctionReference deliver_;
  Napi::ObjectReference arena_;
};

void register_sockets(Napi::Env env, Napi::Object exports) { exports.Set("Sockets", Sockets::define(env)); }

}  // namespace sluice
