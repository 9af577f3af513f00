{
  "targets": [
    {
      "target_name": "sluice",
      "sources": ["<!@(ls native/*.cc native/io/*.cc native/records/*.cc)"],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")", "native"],
      # NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS: worker.terminate() may arrive in the middle of any call; what can no
      # longer be thrown must not abort the process.
      "defines": [
        "NAPI_VERSION=8",
        "NODE_ADDON_API_DISABLE_DEPRECATED",
        "NAPI_DISABLE_CPP_EXCEPTIONS",
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
      ],
      "cflags": ["-fvisibility=hidden", "-Wall", "-Wextra", "-Wno-unused-parameter"],
      "cflags_cc": ["-std=c++17", "-O2", "-fno-exceptions", "-fno-rtti"],
      "cflags_cc!": ["-std=gnu++14", "-std=gnu++1y"],
      "ldflags": ["-pthread"]
    }
  ]
}
