# Build for install and prebuildify. native/CMakeLists.txt is the one for development; both name the same sources.
{
    'targets': [
        {
            'target_name': 'sockman',
            'sources': [
                'native/addon.cc',
                'native/binding/batch_call.cc',
                'native/binding/engine_wrap.cc',
                'native/binding/host_loop.cc',
                'native/binding/loop_watch.cc',
                'native/core/address.cc',
                'native/core/engine.cc',
                'native/core/engine_batch.cc',
                'native/core/poller.cc',
                'native/core/poller_epoll.cc',
                'native/core/poller_kqueue.cc',
                'native/core/poller_poll.cc',
                'native/core/socket.cc',
                'native/core/socket_table.cc',
            ],
            'include_dirs': ['native', '<!(node -p "require(\'node-addon-api\').include_dir")'],
            'defines': [
                'NAPI_VERSION=9',
                'NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED',
                'NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS',
            ],
            'cflags': ['-fvisibility=hidden', '-ffunction-sections', '-fdata-sections'],
            'cflags_cc!': ['-std=gnu++17'],
            'cflags_cc': ['-std=c++20', '-Wall', '-Wextra', '-fno-exceptions', '-fno-rtti'],
            'ldflags': ['-Wl,--gc-sections'],
            'xcode_settings': {
                'CLANG_CXX_LANGUAGE_STANDARD': 'c++20',
                'GCC_ENABLE_CPP_EXCEPTIONS': 'NO',
                'GCC_ENABLE_CPP_RTTI': 'NO',
                'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
                'DEAD_CODE_STRIPPING': 'YES',
                'MACOSX_DEPLOYMENT_TARGET': '11.0',
            },
        },
    ],
}
