namespace Tare.Api.Tests;

public sealed class VolumeRouteTests
{
    [Fact]
    public async Task Volumes_are_made_listed_removed_and_pruned()
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal(
            (201, """{"Driver":"local","Labels":null,"Mountpoint":"","Name":"v","Options":null,"Scope":"local"}""" + "\n"),
            await server.SendAsync("POST", "/volumes/create", """{"Name":"v","Driver":"local","Labels":{"a":"b"}}"""));
        Assert.Equal((200, "{\"Volumes\":[],\"Warnings\":null}\n"), await server.SendAsync("GET", "/volumes?filters=" + Uri.EscapeDataString("""{"name":["x"]}""")));
        Assert.Equal((404, "get v: no such volume"), await server.ErrorAsync("GET", "/volumes/v"));
        Assert.Equal((204, ""), await server.SendAsync("DELETE", "/volumes/v?force=1"));
        Assert.Equal((200, """{"VolumesDeleted":["v"],"SpaceReclaimed":5}""" + "\n"), await server.SendAsync("POST", "/volumes/prune?filters=" + Uri.EscapeDataString("""{"label":["l"]}""")));
        Assert.Equal(["create volume v of local with 1 labels", "list volumes x", "remove volume v force=True", "prune volumes all= label=l"], server.Engine.Calls);
    }

    [Fact]
    public async Task Before_1_42_named_volumes_are_pruned_too()
    {
        await using var server = await ServerFixture.StartAsync();
        await server.SendAsync("POST", "/v1.41/volumes/prune?filters=" + Uri.EscapeDataString("""{"label":["l"]}"""));
        await server.SendAsync("POST", "/v1.42/volumes/prune");
        Assert.Equal(["prune volumes all=true label=l", "prune volumes all= label="], server.Engine.Calls);
    }

    [Fact]
    public async Task Only_a_swarm_has_volumes_that_can_be_updated()
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal((503, "volume update only valid for cluster volumes, but swarm is unavailable"), await server.ErrorAsync("PUT", "/volumes/v?version=1"));
    }
}
