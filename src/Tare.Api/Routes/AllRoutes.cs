using Tare.Api.Backends;
using Tare.Api.Http;

namespace Tare.Api.Routes;

/// <summary>The whole API, module by module. What is served comes before what is refused.</summary>
internal static class AllRoutes
{
    internal static RouteTable Of(ApiBackends backends, ApiOptions options)
    {
        var registries = new RegistryRoutes(backends.Registries);
        return new RouteTable(
        [
            .. new SystemRoutes(backends.System).All(),
            .. new ContainerRoutes(backends.Containers).All(),
            .. new ContainerStreamRoutes(backends.Streams, options.Time).All(),
            .. new ExecRoutes(backends.Execs, options.Time).All(),
            .. new FilesystemRoutes(backends.Filesystems).All(),
            .. new ImageRoutes(backends.Images, registries).All(),
            .. registries.All(),
            .. new NetworkRoutes(backends.Networks).All(),
            .. new VolumeRoutes(backends.Volumes).All(),
            .. UnsupportedRoutes.All(),
        ]);
    }
}
