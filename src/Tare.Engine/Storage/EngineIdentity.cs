using Tare.Store;

namespace Tare.Engine.Storage;

/// <summary>The engine's id, made once for a data root.</summary>
internal static class EngineIdentity
{
    /// <summary>Reads the id, or makes it.</summary>
    public static string Of(Database database) => database.Write(session =>
    {
        session.Execute("INSERT INTO engine_settings (name, value) VALUES ('id', ?) ON CONFLICT (name) DO NOTHING", Guid.NewGuid().ToString());
        return session.QueryFirst("SELECT value FROM engine_settings WHERE name = 'id'", static row => row.GetString(0))!;
    });
}
