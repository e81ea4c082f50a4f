// Generated from /api/v1/openapi.json by `npm run generate`.

export interface paths {
    "/api/v1/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads this document as a page */
        get: operations["readDocs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/evaluate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Evaluates one flag or all flags for a context, with an explanation on request
         * @description The response is in canonical JSON, the same as every SDK's.
         */
        post: operations["evaluate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/evaluate/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Evaluates flags for many contexts, all at one revision and one instant
         * @description An invalid context fails only its own item.
         */
        post: operations["evaluateBatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells who the caller is, by what kind of credential, and with which roles */
        get: operations["readMe"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the sessions of the caller, oldest first
         * @description A session is what a person has in a browser after signing in with the identity provider or by a one-time link. Who sends a token that
         *     is nobody's own has none.
         */
        get: operations["listMySessions"];
        put?: never;
        post?: never;
        /** Ends all sessions of the caller except the one of the request */
        delete: operations["endMyOtherSessions"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/sessions/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends a session of the caller, also the one of the request */
        delete: operations["endMySession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the personal tokens of the caller, oldest first */
        get: operations["listMyTokens"];
        put?: never;
        /**
         * Creates a personal token, and returns it this once
         * @description Only a person who signed in with an identity provider can. The token has at most the role that the person has in the project, and
         *     ends when the person is removed from its members.
         */
        post: operations["createMyToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/tokens/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revokes a personal token of the caller */
        delete: operations["revokeMyToken"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads this document */
        get: operations["readOpenApi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the projects in which the caller has a role, by name */
        get: operations["listProjects"];
        put?: never;
        /** Creates a project; the caller must be an admin in every project */
        post: operations["createProject"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a project */
        get: operations["readProject"];
        put?: never;
        post?: never;
        /**
         * Deletes a project with its environments, flags, keys, tokens and members; the caller must be an admin in every project
         * @description Streams of its keys end. Its audit stays, and can be read by those who are admins in every project, under the name that the response
         *     contains.
         */
        delete: operations["deleteProject"];
        options?: never;
        head?: never;
        /**
         * Renames a project; the caller must be an admin in every project
         * @description Its keys and tokens stay valid, and open streams reconnect. Roles that an identity provider gives in the project name it by its old
         *     name.
         */
        patch: operations["renameProject"];
        trace?: never;
    };
    "/api/v1/projects/{project}/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the changes, newest first
         * @description Changes of keys, tokens, members and sessions are shown only to admins.
         */
        get: operations["listAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/audit/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Exports all matching rows, oldest first, one JSON object per line
         * @description It is read while it is sent, and ends with the row that is the last one when it begins. Only an admin's export has the rows about keys,
         *     tokens and members; another one is verified as a part (`flagstaff audit verify --partial`).
         */
        get: operations["exportAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/audit/head": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads the number and hash of the last row; store them where those who can change the database cannot change them */
        get: operations["readAuditHead"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the environments of a project, by name */
        get: operations["listEnvironments"];
        put?: never;
        /** Creates an environment, which is empty until something is copied into it */
        post: operations["createEnvironment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads an environment */
        get: operations["readEnvironment"];
        put?: never;
        post?: never;
        /**
         * Deletes an environment with its flags and keys
         * @description Streams of its keys end. Its rows in the audit stay, and can be filtered by the name that the response contains.
         */
        delete: operations["deleteEnvironment"];
        options?: never;
        head?: never;
        /**
         * Renames an environment
         * @description Its keys stay valid, and open streams reconnect.
         */
        patch: operations["renameEnvironment"];
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/attributes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists attributes of contexts that the server evaluated, with a sample of their values
         * @description Empty unless `recordAttributes` of the settings is on. At most 200 attributes; `targetingKey` is not one of them.
         */
        get: operations["listAttributes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/changesets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Changes several flags and segments in one revision, all or none
         * @description Each operation applies to the state before; references are checked when all of them are applied. A flag without a `salt` keeps its
         *     stored salt; a flag, group or holdout with another salt than the stored one is refused, unless `rehash` allows it.
         */
        post: operations["applyChangeset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/compare": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Compares with another environment: what would change here if this one became like it */
        get: operations["compareEnvironments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/contexts/flags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Evaluates all flags for a whole context, and returns where each value comes from
         * @description Sorted by key. It does not count as use of the flags.
         */
        post: operations["evaluateContext"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/contexts/{kind}/{contextKey}/flags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Evaluates all flags for a context of which only the key is known, and returns where each value comes from
         * @description Sorted by key. It does not count as use of the flags.
         */
        get: operations["listContextFlags"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/convergence": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Waits until all instances have a revision, or the time is over */
        get: operations["awaitConvergence"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/copy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Copies flags, or everything, from another environment, in one revision
         * @description Salts stay as they are, unless `rehash` asks for those of the other environment. A dry run returns both revisions: with this
         *     environment's in `If-Match` and the other one's in `fromRevision`, only what was looked at is copied.
         */
        post: operations["copyEnvironment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/document": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Exports an environment as a document, as YAML where `Accept` asks for it
         * @description An earlier revision is made from the audit, and not found if the audit no longer has all changes since. It has no `ETag`.
         */
        get: operations["exportDocument"];
        /**
         * Imports a document into an environment, in one revision
         * @description By default the environment is replaced, and objects that are not in the document are deleted. A flag without a `salt` keeps its stored
         *     salt; a flag, group or holdout with another salt than the stored one is refused, unless `rehash` allows it. `If-Match`, with the
         *     document's `ETag` in either notation, is checked if it is sent. A dry run returns the `ETag` of what it compared with.
         */
        put: operations["replaceDocument"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/evaluate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Evaluates one flag or all flags of an environment, with the token of a person or script
         * @description The same as `POST /api/v1/evaluate` with a `server` key.
         */
        post: operations["evaluateIn"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/flags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the flags of an environment, by key by default */
        get: operations["listFlags"];
        put?: never;
        /** Creates a flag */
        post: operations["createFlag"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/flags/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a flag */
        get: operations["readFlag"];
        /**
         * Creates or replaces a flag
         * @description The short form changes what it names, and the rest of the flag stays. A replacement by the whole flag (a body with `serve`, `rules`,
         *     `variants` or another part that decides who gets what) needs `If-Match`.
         */
        put: operations["putFlag"];
        post?: never;
        /** Deletes a flag that nothing refers to */
        delete: operations["deleteFlag"];
        options?: never;
        head?: never;
        /** Changes a flag by a merge patch */
        patch: operations["patchFlag"];
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/flags/{key}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the changes of a flag, newest first
         * @description Also for a flag that has been deleted.
         */
        get: operations["listFlagHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/flags/{key}/overrides": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the overrides of a flag */
        get: operations["listOverrides"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/flags/{key}/overrides/bulk": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Loads many overrides of a flag in one revision: one per line, `{"level", "contextKey", "value", "reason"?}`
         * @description If one line is invalid nothing is stored. A load counts as one change against the limit.
         */
        post: operations["loadOverrides"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/flags/{key}/overrides/{level}/{contextKey}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads an override */
        get: operations["readOverride"];
        /**
         * Adds or replaces an override
         * @description `If-Match`, with the flag's tag, is checked if it is sent. It is not required: two people who change the overrides of two contexts do
         *     not conflict.
         */
        put: operations["putOverride"];
        post?: never;
        /** Removes an override */
        delete: operations["deleteOverride"];
        options?: never;
        head?: never;
        /**
         * Changes an override by a JSON merge patch, or adds it
         * @description What the patch does not name stays: after `{"value": {"patch": {"a": 1}}}` the other leaves of the override's patch are as before. A
         *     member that is null is removed from the override, so that the context gets what it would get without it.
         */
        patch: operations["patchOverride"];
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/flags/{key}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restores a flag as it was at a revision of its environment, also if it has been deleted since
         * @description If its salt has changed since then, the old salt is restored only with `rehash`, since that moves users.
         */
        post: operations["rollbackFlag"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/flags/{key}/summary": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Reads the summary of a flag: whether it is on, and for what share of users
         * @description If an admin has made the environment public (`publicValues`), pages get those of flags marked `clientSide` without a key.
         */
        get: operations["readFlagSummary"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/flags/{key}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Counts the evaluations of a flag by variant, in steps of an hour or a day */
        get: operations["readFlagUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the groups of an environment */
        get: operations["listGroups"];
        put?: never;
        /** Creates a group */
        post: operations["createGroup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/groups/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a group */
        get: operations["readGroup"];
        /**
         * Creates or replaces a group
         * @description Its salt stays: another one would move users to other variants.
         */
        put: operations["putGroup"];
        post?: never;
        /** Deletes a group that nothing refers to */
        delete: operations["deleteGroup"];
        options?: never;
        head?: never;
        /** Changes a group by a merge patch */
        patch: operations["patchGroup"];
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/holdouts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the holdouts of an environment */
        get: operations["listHoldouts"];
        put?: never;
        /** Creates a holdout */
        post: operations["createHoldout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/holdouts/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a holdout */
        get: operations["readHoldout"];
        /**
         * Creates or replaces a holdout
         * @description Its salt stays: another one would move users to other variants.
         */
        put: operations["putHoldout"];
        post?: never;
        /** Deletes a holdout that nothing refers to */
        delete: operations["deleteHoldout"];
        options?: never;
        head?: never;
        /** Changes a holdout by a merge patch */
        patch: operations["patchHoldout"];
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/instances": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the instances that are connected to the environment, at all nodes
         * @description Of another node at most 1,000 are listed, those furthest behind; `total` counts all.
         */
        get: operations["listInstances"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the keys, oldest first, including those that expired recently */
        get: operations["listKeys"];
        put?: never;
        /** Creates a key, and returns its token this once */
        post: operations["createKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/keys/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a key, without its token */
        get: operations["readKey"];
        put?: never;
        post?: never;
        /** Revokes a key, and closes what it has opened */
        delete: operations["revokeKey"];
        options?: never;
        head?: never;
        /** Changes the restrictions of a key that is public in a page */
        patch: operations["changeKey"];
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/keys/{key}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Creates a successor of this key, which keeps working for a while */
        post: operations["rotateKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/keys/{key}/secrets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Creates a secret with which contexts are signed, and returns it this once
         * @description A key of kind `client` has at most two: one in use, and one that replaces it.
         */
        post: operations["createSecret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/keys/{key}/secrets/{secret}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes a secret: signatures made with it are no longer accepted */
        delete: operations["removeSecret"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/overrides": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the overrides of one context in all flags, by flag and level */
        get: operations["listOverridesOfContext"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/revisions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the revisions of an environment, newest first
         * @description Those whose rows in the audit were deleted are left out. `GET …/document` has the state at each.
         */
        get: operations["listRevisions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/segments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the segments of an environment */
        get: operations["listSegments"];
        put?: never;
        /** Creates a segment */
        post: operations["createSegment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/segments/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a segment */
        get: operations["readSegment"];
        /**
         * Creates or replaces a segment
         * @description The lists of ids stay, unless the body has `include` or `exclude`.
         */
        put: operations["putSegment"];
        post?: never;
        /** Deletes a segment that nothing refers to */
        delete: operations["deleteSegment"];
        options?: never;
        head?: never;
        /** Changes a segment by a merge patch */
        patch: operations["patchSegment"];
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/segments/{key}/ids": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the ids of a segment, by list, kind and id */
        get: operations["listSegmentIds"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/segments/{key}/ids/bulk": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Loads many ids of a segment in one revision: one per line, `"u-17"` or `{"id", "kind"?, "list"?}`
         * @description If one line is invalid nothing is stored.
         */
        post: operations["loadSegmentIds"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/segments/{key}/ids/{list}/{kind}/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Adds an id to a list of a segment */
        put: operations["putSegmentId"];
        post?: never;
        /** Removes an id from a list of a segment */
        delete: operations["deleteSegmentId"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads the settings of an environment */
        get: operations["readSettings"];
        /**
         * Changes the settings of an environment; those that are left out stay
         * @description To end the protection of an environment needs a reason, as every change of it.
         */
        put: operations["putSettings"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/unknown-flags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the unknown flags that were evaluated, most frequent first
         * @description They include flags that exist, are not marked `clientSide`, and that a page asked for.
         */
        get: operations["listUnknownFlags"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/environments/{environment}/values": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Evaluates all flags for a user, or without a user, as a map from keys to values
         * @description Flags with errors are left out, so that the caller's default is used. A `client` key gets only flags marked `clientSide`; if an admin
         *     has made the environment public (`publicValues`), pages get these without a key.
         */
        get: operations["readValues"];
        put?: never;
        /**
         * Evaluates all flags for a whole context, as a map from keys to values
         * @description The same as by `GET`, with attributes and other kinds of contexts.
         */
        post: operations["evaluateValues"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Streams what changes in a project, and by whom, while it changes
         * @description The events are `ready`, when the stream is open; `change`, whose data is a `ProjectChange`; and `reload`, when there were more changes
         *     than the stream can tell: read again what you show. The changes themselves are in the audit. Changes of keys, tokens, members and
         *     sessions are sent only to admins. The stream ends after some minutes, or when access changes: open it again with `Last-Event-ID`.
         */
        get: operations["followProject"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/flags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the flags of a project with their metadata, by key */
        get: operations["listProjectFlags"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/flags/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads the metadata of a flag, and which environments have it */
        get: operations["readProjectFlag"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes the metadata of a flag */
        patch: operations["patchProjectFlag"];
        trace?: never;
    };
    "/api/v1/projects/{project}/flags/{key}/archive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Archives a flag: removes it from every environment, from where it can be restored */
        post: operations["archiveFlag"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/flags/{key}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Restores an archived flag in the environments that had it, as it was there */
        post: operations["restoreFlag"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the members, the oldest first */
        get: operations["listMembers"];
        put?: never;
        /** Adds a person who authenticates with a JWT */
        post: operations["addMember"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/members/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a member */
        get: operations["readMember"];
        put?: never;
        post?: never;
        /** Removes a member */
        delete: operations["removeMember"];
        options?: never;
        head?: never;
        /** Gives a member another role */
        patch: operations["changeMember"];
        trace?: never;
    };
    "/api/v1/projects/{project}/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the tokens, oldest first, including those that expired recently */
        get: operations["listTokens"];
        put?: never;
        /** Creates a token, and returns it this once */
        post: operations["createToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/tokens/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a token's description, without the token itself */
        get: operations["readToken"];
        put?: never;
        post?: never;
        /** Revokes a token, and closes what it has opened */
        delete: operations["revokeToken"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/tokens/{key}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Creates a successor of this token, which keeps working for a while */
        post: operations["rotateToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Counts the evaluations of all flags of a project, in all environments together, for each day of the last week */
        get: operations["readProjectUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sdk/applied": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Acknowledges that an instance has applied a revision
         * @description Must come with the key with which the instance's stream was opened, for a revision that was sent to it.
         */
        post: operations["acknowledge"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sdk/snapshot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Reads the environment as one document
         * @description A `client-local` key sees the flags that are marked `clientSide`, and what they refer to.
         */
        get: operations["readSnapshot"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sdk/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Streams an environment and its changes, by the protocol of docs/spec/protocol.md */
        get: operations["streamObjects"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sdk/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Reports what an SDK evaluated */
        post: operations["reportUsage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the sessions of all people, oldest first; the caller must be an admin in every project */
        get: operations["listSessions"];
        put?: never;
        post?: never;
        /**
         * Ends all sessions of a person; the caller must be an admin in every project
         * @description The person can sign in again: remove them at the identity provider first, and revoke their personal tokens.
         */
        delete: operations["endSessionsOfPerson"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sessions/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends a session of anybody; the caller must be an admin in every project */
        delete: operations["endSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sign-in": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells how people can sign in to the admin UI, besides by an access token */
        get: operations["readSignIn"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sign-in/link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Exchanges the code of a one-time link for a session, which is a cookie
         * @description Only pages of the server itself can: `Sec-Fetch-Site` or `Origin` must say so.
         */
        post: operations["signInByLink"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sign-in/oidc": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Begins a sign-in with the identity provider: leads the browser there */
        get: operations["beginSignIn"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sign-in/oidc/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Ends a sign-in with the identity provider: begins a session, which is a cookie */
        get: operations["finishSignIn"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sign-in/oidc/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ends the sessions of a person, or one session, that has ended at the identity provider, which sends a logout token
         * @description The token names the provider's session (`sid`), the person (`sub`) or both, and is used once.
         */
        post: operations["providerLogout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sign-out": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ends the session of the cookie, if there is one, and removes the cookie
         * @description Only pages of the server itself can: `Sec-Fetch-Site` or `Origin` must say so.
         */
        post: operations["signOut"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads whether the process is alive */
        get: operations["live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads the metrics, for Prometheus */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ofrep/v1/evaluate/flags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Evaluates all flags
         * @description With the `ETag` of an earlier response to the same request in `If-None-Match`, the response is 304 while nothing has changed.
         */
        post: operations["ofrepEvaluateFlags"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ofrep/v1/evaluate/flags/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Evaluates one flag */
        post: operations["ofrepEvaluateFlag"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ofrep/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Streams notices that something has changed */
        get: operations["ofrepEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openfeature/v0/manifest": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the flags with their types, for the `OpenFeature` CLI (`openfeature pull`)
         * @description Flags without an off variant are left out, since they have no default value.
         */
        get: operations["readManifest"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Reads whether the server takes requests: not while it is stopping
         * @description An unreachable database does not count, since reads are answered from memory, unless `maxStaleMs` bounds how old the data may be.
         */
        get: operations["ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        AccessKey: components["schemas"]["AccessKind"] & {
            /** Format: date-time */
            createdAt: string;
            /**
             * Format: date-time
             * @description When it expires
             */
            expiresAt: string | null;
            /** @description The last characters of the token, by which people recognise it */
            hint: string;
            /** @description The id by which routes and the audit name the key */
            id: string;
            /**
             * Format: date-time
             * @description When a request last came with it, up to about a minute late; null if none did
             */
            lastUsedAt: string | null;
            name: string;
            /**
             * @description The pages that may use it, by their origins: of a key of kind `client` or `client-local`
             * @example [
             *       "https://app.example"
             *     ]
             */
            origins?: string[];
            /** @description The person whose personal token it is */
            owner?: string;
            /** @description The secret that contexts are signed with: of a key of kind `client` */
            secrets?: components["schemas"]["SigningSecret"][];
            /** @description Whether it evaluates only contexts that are signed: of a key of kind `client` */
            signedContexts?: boolean;
            /** @description The token; only in the response that creates it */
            token?: string;
        };
        AccessKind: {
            /** @description `server`, `client` or `client-local` */
            kind: string;
        } | {
            allProjects: boolean;
            /** @description `viewer`, `editor` or `admin` */
            role: string;
        };
        /** @description How to send the next acknowledgement */
        Acknowledged: {
            /**
             * Format: int64
             * @description Wait a random time up to this before the next acknowledgement, in milliseconds
             */
            spreadMs: number;
        };
        /** @description The result of a changeset, or of a dry run */
        AppliedChangeset: {
            changes: components["schemas"]["Difference"][];
            /** @description Only for a dry run: what is odd about the flags as they would be, as `flagstaff lint` says it */
            findings?: components["schemas"]["LintFinding"][];
            /** @description The objects, in the order of the operations */
            items: components["schemas"]["ChangesetItem"][];
            /** @description Only for a dry run: which flags would give units another variant */
            moves?: components["schemas"]["FlagMoves"][];
            /**
             * Format: int64
             * @description The revision of the environment afterwards
             */
            revision: number;
        };
        /** @description The acknowledgement of a revision */
        AppliedRevision: {
            /** @description The `id` of the last `payload-transferred` event that it has applied */
            cursor: string;
            /** @description The instance's id, as on its stream */
            instance: string;
        };
        /** @description What changed at one place */
        AuditDifference: {
            /** @description What it is; absent if it is not there */
            after?: unknown;
            /** @description What it was; absent if it was not there */
            before?: unknown;
            /** @description A JSON pointer into what was changed; empty if the whole is new or gone */
            pointer: string;
        };
        /** @description The last row of an audit */
        AuditHead: {
            hash: string;
            /** Format: int64 */
            sequence: number;
        };
        /** @description A row of the audit: one thing that somebody changed */
        AuditRecord: {
            /** @description `create`, `update` or `delete` */
            action: string;
            /** @description Who, by the name of their token */
            actor: string;
            /** @description From where */
            address: string | null;
            /** Format: date-time */
            at: string;
            /** @description What changed, place by place; null if it is not known */
            changes: components["schemas"]["AuditDifference"][] | null;
            /** @description The hash of what it is now */
            digest: string | null;
            /** @description How many entries of lists changed, where they are too many to be told one by one */
            entries: unknown;
            /** @description In which environment; null if it concerns the whole project */
            environment: string | null;
            /** @description The hash of this row */
            hash?: string;
            /** @description Its key, name or id */
            key: string;
            /** @description The kind of what was changed */
            kind: string;
            /** @description The hash of the row before */
            previousHash: string | null;
            /** @description Why, if they said so */
            reason: string | null;
            /** @description The request that did it, as in `x-request-id` */
            requestId: string | null;
            /** @description By which revision; null if it made none */
            revision: number | null;
            /** @description Its number among all of the project, from 1, without a gap */
            sequence: number;
        };
        /** @description The response */
        BatchAnswer: {
            /**
             * Format: date-time
             * @description The instant of the evaluation
             */
            evaluatedAt: string;
            /** @description For each context the outcomes by flag (`flags`), or what is wrong with the context (`errorCode`, `errorDetails`) */
            items: {
                [key: string]: unknown;
            }[];
            /**
             * Format: int64
             * @description The revision of the environment that was evaluated
             */
            revision: number;
        };
        /** @description The request */
        BatchQuestion: {
            /** @description 1 to 1,000 contexts, and so many that they and the flags make at most 50,000 outcomes */
            contexts: unknown[];
            /** @description The keys of flags; all of them, if absent */
            flags?: string[] | null;
            /**
             * Format: date-time
             * @description The instant of the evaluation; not for `client` keys
             */
            now?: string | null;
            /** @description The signature of each context, in their order, if the key requires signed contexts: `EXPIRES.MAC` */
            signatures?: string[] | null;
        };
        /** @description What a revision changed */
        ChangedObject: {
            /** @description `create`, `update` or `delete` */
            action: string;
            key: string;
            /** @description `flag`, `segment`, `group` or `holdout` */
            kind: string;
        };
        /** @description Changes that are applied together or not at all */
        Changeset: {
            operations: components["schemas"]["ChangesetOperation"][];
        };
        ChangesetItem: {
            key: string;
            kind: string;
            /**
             * Format: int64
             * @description The version afterwards; null if it was deleted
             */
            version: number | null;
        };
        /** @description An operation on one flag, segment, group or holdout; each may be named once */
        ChangesetOperation: {
            /** @description The version that it must have, or `*` for any; required to replace a flag */
            ifMatch?: unknown;
            key: string;
            /** @description `flag` by default, `segment`, `group` or `holdout` */
            kind?: string | null;
            /** @description `put`, `patch` (a JSON merge patch) or `delete` */
            op: string;
            /** @description The object or the patch; none for a deletion */
            value?: unknown;
        };
        /** @description One of two environments that are compared */
        ComparedEnvironment: {
            environment: string;
            /** Format: int64 */
            revision: number;
        };
        /** @description Whom a flag is evaluated for: a key, attributes, and other kinds as objects with a `key` of their own */
        ContextBody: {
            /** @description The key of the user */
            targetingKey?: string | null;
        };
        /** @description The value of one flag for a context */
        ContextFlag: {
            /** @description Whether another variant than the off variant is served */
            enabled: boolean;
            errorCode: string | null;
            key: string;
            reason: string;
            /** @description The part of the flag that decided: a `step`, with the `level` of an override, or the `index` and `id` of a rule */
            source: {
                [key: string]: unknown;
            };
            /** @description For objects, where each leaf comes from, by JSON pointer: `default`, `environment` or a level */
            sources: {
                [key: string]: string;
            };
            /** @description The value; null if there is an error */
            value: unknown;
            variant: string | null;
        };
        /** @description A page of the flags of a context */
        ContextFlags: {
            /** @description The context for which the flags were evaluated */
            context: components["schemas"]["ContextBody"];
            /**
             * Format: date-time
             * @description The instant of the evaluation
             */
            evaluatedAt: string;
            /** @description Hints about a context that names no user */
            hints?: string[];
            items: components["schemas"]["ContextFlag"][];
            /** @description The `cursor` of the next page; null on the last one */
            next: string | null;
            /**
             * Format: int64
             * @description The revision of the environment that was evaluated
             */
            revision: number;
            /** @description The number of items on all pages */
            total: number;
        };
        /** @description The context for which to evaluate */
        ContextRequest: {
            context: components["schemas"]["ContextBody"];
        };
        /** @description Whether all instances have a revision */
        Convergence: {
            /**
             * Format: int64
             * @description How many of them acknowledged this revision or a newer one
             */
            applied: number;
            /** @description Some of the instances that are behind, those furthest behind first */
            behind: components["schemas"]["InstanceItem"][];
            /** @description Whether the instances of all nodes are known; false while other nodes' reports cannot be read */
            complete: boolean;
            /** @description Whether no instance is behind, at any node */
            converged: boolean;
            /**
             * Format: int64
             * @description The number of connected instances
             */
            instances: number;
            /**
             * Format: int64
             * @description The revision
             */
            revision: number;
            /**
             * Format: int64
             * @description How many of them do not acknowledge, and were sent it
             */
            sent: number;
        };
        /** @description The result of a copy */
        Copied: {
            changes: components["schemas"]["Difference"][];
            /**
             * Format: int64
             * @description The revision of the environment that was copied from
             */
            fromRevision: number;
            /** @description Only for a dry run: which flags would give units another variant */
            moves?: components["schemas"]["FlagMoves"][];
            /**
             * Format: int64
             * @description The revision of the environment afterwards
             */
            revision: number;
        };
        /** @description What to copy */
        CopyBody: {
            /** @description The keys of the flags to copy; if absent, everything, and what the other environment does not have is deleted */
            flags?: string[] | null;
            /** @description The name of the environment to copy from */
            from: string;
            /**
             * Format: int64
             * @description The revision of the other environment that the caller has seen; 412 if it has another one by now
             */
            fromRevision?: number | null;
        };
        /** @description What a deletion leaves */
        Deleted: {
            /** @description The name under which the audit of what was deleted can be read */
            auditName: string;
        };
        /** @description How two documents differ at one place */
        Difference: {
            /** @description What it is; absent if it was removed */
            after?: unknown;
            /** @description What it was; absent if it was added */
            before?: unknown;
            /** @enum {unknown} */
            kind: "added" | "removed" | "changed";
            /** @description A JSON pointer into the new one, or into the old one if it was removed */
            pointer: string;
        };
        /** @description A page of what would change */
        Differences: {
            /** @description The other one */
            after: components["schemas"]["ComparedEnvironment"];
            /** @description This environment */
            before: components["schemas"]["ComparedEnvironment"];
            items: components["schemas"]["Difference"][];
            next: string | null;
            total: number;
        };
        /**
         * A flag document
         * @description The structure of the document of language.md. It does not check references (to variants, segments, flags, groups), sums, orders and the limits of patterns. A field that is null counts as absent (CMP-5), so null is allowed for every optional field; leaving the field out is better.
         */
        Document: {
            /** @description The name of the environment. */
            environment?: string | null;
            /** @description The flags by key. */
            flags?: {
                [key: string]: components["schemas"]["LanguageFlag"];
            } | null;
            /** @description Exclusion groups by key. */
            groups?: {
                [key: string]: components["schemas"]["LanguageGroup"];
            } | null;
            /** @description Holdouts by key. */
            holdouts?: {
                [key: string]: components["schemas"]["LanguageHoldout"];
            } | null;
            /** @description The environment's revision. */
            revision?: number | null;
            /**
             * @description The version of the document format.
             * @constant
             */
            schemaVersion: 1;
            /** @description Reusable conditions by key. */
            segments?: {
                [key: string]: components["schemas"]["LanguageSegment"];
            } | null;
        };
        /** @description Something wrong with one thing in a document; it takes down what refers to it and nothing else */
        DocumentIssue: {
            /** @description The flag that does not compile, if it is one */
            flag: string | null;
            /** @description What is wrong and what was expected */
            message: string;
            /** @description A JSON pointer into the document */
            pointer: string;
        };
        /** @description How many sessions were ended */
        EndedSessions: {
            ended: number;
        };
        /** @description Without an origin: the client uses the one by which it reached the server, which a server behind a proxy does not know */
        Endpoint: {
            requestUri: string;
        };
        Environment: {
            /** @description The number of flags */
            flags: number;
            name: string;
            /** @description Whether the environment is protected: every change of it must state a reason */
            requireReason: boolean;
            /**
             * Format: int64
             * @description The number of changes
             */
            revision: number;
        };
        Evaluation: components["schemas"]["Outcome"] | {
            flags: {
                [key: string]: components["schemas"]["Outcome"];
            };
        } | {
            /** @description What may be meant by a context that names no user; absent if there is nothing to say */
            hints?: string[];
            outcome: components["schemas"]["Outcome"];
            trace: Record<string, never>[];
        };
        /** @description Values are parsed as the core's, so that numbers are the same as in every binding */
        EvaluationRequest: {
            /** @description The context, as a `ContextBody`; anything else evaluates to `INVALID_CONTEXT` */
            context?: unknown;
            /** @description The value if the flag has none */
            default?: unknown;
            /** @description Whether to return an explanation, for one flag; not for `client` keys */
            explain?: boolean;
            /** @description The key of one flag; all flags if absent */
            flag?: string | null;
            /**
             * Format: date-time
             * @description The instant of the evaluation; not for `client` keys
             */
            now?: string | null;
            /** @description The expected type: a value of another type is `TYPE_MISMATCH` */
            type?: string | null;
        };
        /** @description An error at one place of a body or query */
        FieldError: {
            /**
             * Format: int32
             * @description The line, from 1, if the body consists of JSON texts on lines of their own
             */
            line?: number | null;
            /** @description What is wrong, and what was expected */
            message: string;
            /** @description A JSON pointer into the body, or `?name` for a query parameter */
            pointer: string;
        };
        /** @description A flag with what the server says of it */
        Flag: components["schemas"]["LanguageFlag"] & WithRequired<components["schemas"]["FlagEnvelope"], "key" | "version" | "createdAt" | "updatedAt" | "lastSeenAt"> & {
            /** @description Of an object flag: a JSON Schema (2020-12) that its variants and overrides must satisfy; it refers to nothing outside of itself */
            jsonSchema?: Record<string, never> | null;
            /** @description What people call it; one name in all environments of the project */
            name?: string | null;
        };
        /** @description What a flag is made or replaced with */
        FlagBody: components["schemas"]["ShortFlag"] | components["schemas"]["WholeFlag"];
        FlagChange: {
            /** @description `create`, `update` or `delete` */
            action: string;
            /** @description The author: the name of their token */
            actor: string;
            /** Format: date-time */
            at: string;
            /** @description The differences; pointers are into the flag */
            changes: components["schemas"]["Difference"][];
            /** @description How many entries of lists changed; of very many only the first are in `changes` */
            entries: unknown;
            /** @description The reason, if one was given */
            reason: string | null;
            /**
             * Format: int64
             * @description The revision of the environment
             */
            revision: number | null;
        };
        /** @description What the server says of a flag */
        FlagEnvelope: {
            /** Format: date-time */
            createdAt?: string;
            key?: components["schemas"]["LanguageKey"];
            /**
             * Format: date-time
             * @description When it was last asked for, here or in an SDK, as far as this node knows
             */
            lastSeenAt?: string | null;
            /** Format: date-time */
            updatedAt?: string;
            /** @description The revision that last changed it: its entity tag */
            version?: number;
        };
        /** @description The serves of a flag that would give units another variant */
        FlagMoves: {
            flag: string;
            /** @description Each serve, with the share of its units that would move */
            splits: components["schemas"]["ServeMoves"][];
        };
        /** @description A JSON merge patch (RFC 7396): members that are null go, others are set; `rolloutPercentage` and `withoutUser` as in the short form */
        FlagPatch: {
            /** @description Of an object flag: a JSON Schema (2020-12) that its variants and overrides must satisfy; it refers to nothing outside of itself */
            jsonSchema?: Record<string, never> | null;
            /** @description What people call it; one name in all environments of the project */
            name?: string | null;
            /** @description The percentage of units, with at most three decimals; sets `/serve/rollout` */
            rolloutPercentage?: number;
            /** @description Whether a context without a user gets the variant that is rolled out; sets `/serve/onMissing` */
            withoutUser?: boolean;
        };
        FlagSummary: {
            /** @description Whether it is enabled and has not expired */
            enabled: boolean;
            key: string;
            /**
             * Format: double
             * @description The percentage of users for whom the flag's own serve turns it on, or serves the one variant that is rolled out, without rules and
             *     overrides; null if it rolls nothing out: it is broken, splits users between variants, or serves its off variant
             */
            rolloutPercentage: number | null;
        };
        /** @description How often a flag was evaluated */
        FlagUsage: {
            /** Format: int64 */
            count: number;
            flag: string;
            /** Format: date-time */
            from: string;
            /** Format: date-time */
            lastSeenAt: string | null;
            /** @enum {string} */
            step: "hour" | "day";
            /** Format: date-time */
            until: string;
            variants: components["schemas"]["VariantUsage"][];
        };
        /** @description An exclusion group with what the server says of it */
        Group: components["schemas"]["LanguageGroup"] & WithRequired<components["schemas"]["ObjectEnvelope"], "key" | "version" | "usedBy">;
        /** @description An exclusion group */
        GroupBody: {
            /** @description Only the stored one, if there is one: another one would move users; the key, if absent */
            salt?: components["schemas"]["LanguageName"] | null;
            unit?: components["schemas"]["LanguageUnit"] | null;
        } & components["schemas"]["IgnoredObjectEnvelope"];
        /** @description A holdout with what the server says of it */
        Holdout: components["schemas"]["LanguageHoldout"] & WithRequired<components["schemas"]["ObjectEnvelope"], "key" | "version" | "usedBy">;
        /** @description A holdout; a new one needs `percent` */
        HoldoutBody: {
            percent?: components["schemas"]["LanguagePercentage"] | null;
            /** @description Only the stored one, if there is one: another one would move users; the key, if absent */
            salt?: components["schemas"]["LanguageName"] | null;
            unit?: components["schemas"]["LanguageUnit"] | null;
        } & components["schemas"]["IgnoredObjectEnvelope"];
        /** @description What a flag was read with beside its own fields, which a body may send back and which is not looked at, but for the key */
        IgnoredEnvelope: {
            createdAt?: unknown;
            key?: components["schemas"]["LanguageKey"];
            lastSeenAt?: unknown;
            updatedAt?: unknown;
            version?: unknown;
        };
        /** @description What a segment, group or holdout was read with beside its own fields, which a body may send back and which is not looked at, but for the key */
        IgnoredObjectEnvelope: {
            counts?: unknown;
            key?: components["schemas"]["LanguageKey"];
            usedBy?: unknown;
            version?: unknown;
        };
        /** @description An instance that is connected to the environment */
        InstanceItem: {
            confirmation: ("applied" | "sent") & Record<string, never>;
            /** @description Its id; null if it does not acknowledge */
            instance: string | null;
            /** @description The node that it is connected to */
            node: string;
            /**
             * Format: int64
             * @description The revision that it acknowledged; without an id, the revision that was sent to it
             */
            revision: number | null;
            /** @description The name of its SDK */
            sdk: string | null;
            /**
             * Format: int64
             * @description The revision that was sent to it
             */
            sent: number;
            /**
             * Format: date-time
             * @description When it connected
             */
            since: string;
            /**
             * Format: int64
             * @description For how many milliseconds a newer revision than its own has existed
             */
            staleMs: number;
            /** @description The version of its SDK */
            version: string | null;
        };
        KeyEnvironment: {
            environment: string;
            /** @description `server`, `client` or `client-local` */
            kind: string;
            project: string;
        };
        /** @description The fields of a key that can be changed */
        KeyPatch: {
            /** @description The pages that may use a key of kind `client` or `client-local`, by their origins; `*` alone is all */
            origins?: string[] | null;
            /** @description Whether it evaluates only contexts that are signed: a key of kind `client` that has a secret may */
            signedContexts?: boolean | null;
        };
        /** @description A variant and its weight, in thousandths of a percent. */
        LanguageArm: {
            /** @description `null` serves nothing (SV-40). */
            variant: components["schemas"]["LanguageVariantName"] | null;
            weight: components["schemas"]["LanguageSlot"];
        };
        /** @description A field of the context by its name, or by a JSON pointer that begins with `/` (CTX-2, CTX-3). */
        LanguageAttribute: string;
        /** @description A condition (section 6). */
        LanguageCondition: ({
            all: components["schemas"]["LanguageCondition"][];
        } & {
            [key: string]: null;
        }) | ({
            any: components["schemas"]["LanguageCondition"][];
        } & {
            [key: string]: null;
        }) | ({
            not: components["schemas"]["LanguageCondition"];
        } & {
            [key: string]: null;
        }) | ({
            segment: components["schemas"]["LanguageKey"];
        } & {
            [key: string]: null;
        }) | ({
            flag: components["schemas"]["LanguageKey"];
            variants: components["schemas"]["LanguageVariantName"][];
        } & {
            [key: string]: null;
        }) | ({
            /** @description The unit, the salt of its hash, and the range of slots [from, until). */
            bucket: {
                from: components["schemas"]["LanguageSlot"];
                salt: components["schemas"]["LanguageName"];
                unit?: components["schemas"]["LanguageUnit"] | null;
                until: components["schemas"]["LanguageSlot"];
            };
        } & {
            [key: string]: null;
        }) | ({
            dialect: string;
            expression: unknown;
        } & {
            [key: string]: null;
        }) | components["schemas"]["LanguageTest"];
        /** @description The key of a context (CMP-20). */
        LanguageContextKey: string;
        /** @description An experiment over the arms (SV-20). */
        LanguageExperiment: {
            /** @description The exclusion group of the experiment. */
            group?: components["schemas"]["LanguageKey"] | null;
            /** @description The holdout whose units the experiment excludes. */
            holdout?: components["schemas"]["LanguageKey"] | null;
            /** @description The key of the experiment. */
            key: components["schemas"]["LanguageName"];
            /** @description The experiment's slots of the group: ascending, disjoint ranges [from, until) (SV-22). */
            slice?: components["schemas"]["LanguageSlot"][][] | null;
        } & ({
            group: components["schemas"]["LanguageGiven"];
            slice: components["schemas"]["LanguageGiven"];
        } | {
            group?: null;
            slice?: null;
        });
        /** @description A flag (section 2). */
        LanguageFlag: {
            /** @description Whether `client-local` keys get the flag. */
            clientSide?: boolean | null;
            /** @description A description for people; it has no effect on evaluation. */
            description?: string | null;
            /** @description The vendor whose refused contexts are invalid for the flag (LD-8). */
            dialect?: string | null;
            /** @description If false, the flag serves `offVariant` (EV-10). */
            enabled: boolean;
            /** @description Applied to every variant (PT-1). */
            environmentPatch?: components["schemas"]["LanguagePatch"] | null;
            /** @description From this instant on the flag serves `offVariant` (EV-11). */
            expiresAt?: components["schemas"]["LanguageInstant"] | null;
            /** @description Kinds in order of precedence, most specific first; `user`, `organization`, if absent. */
            levels?: components["schemas"]["LanguageKind"][] | null;
            /** @description Returned with every outcome. */
            metadata?: {
                [key: string]: boolean | number | string;
            } | null;
            /** @description The lowest version of the language that evaluates it correctly (CMP-6). */
            needs?: number | null;
            /** @description The variant that is served if nothing else is, and while the flag is off. */
            offVariant?: components["schemas"]["LanguageVariantName"] | null;
            /** @description The variant that `include` serves. */
            onVariant?: components["schemas"]["LanguageVariantName"] | null;
            /** @description Results for single contexts, by level and key (EV-20, PT-2). */
            overrides?: {
                [key: string]: {
                    [key: string]: components["schemas"]["LanguageOverride"];
                };
            } | null;
            /** @description Conditions on other flags; if one is not met, the flag serves `offVariant` (EV-12). */
            prerequisites?: components["schemas"]["LanguageFlagReference"][] | null;
            /** @description The first rule that applies decides (EV-30). */
            rules?: components["schemas"]["LanguageRule"][] | null;
            /** @description Input of the flag's hashes; the flag's key, if absent. Never changed after the flag is created (CMP-15). */
            salt?: components["schemas"]["LanguageName"] | null;
            /** @description The serve for contexts to which no rule applies; `onVariant`, if absent (CMP-14). */
            serve?: components["schemas"]["LanguageServe"] | null;
            /**
             * @description The type of its variants.
             * @enum {unknown}
             */
            type: "boolean" | "string" | "number" | "object";
            /** @description Its values by name; `on` and `off` of a boolean flag, if absent (CMP-12). */
            variants?: Record<string, never> | null;
        } & (unknown & unknown & unknown & unknown & unknown & unknown);
        /** @description A flag and some of its variants. */
        LanguageFlagReference: {
            flag: components["schemas"]["LanguageKey"];
            variants: components["schemas"]["LanguageVariantName"][];
        };
        /** @description A field that is present: null counts as absent (CMP-5). */
        LanguageGiven: unknown;
        /** @description An exclusion group (SV-22). */
        LanguageGroup: {
            salt: components["schemas"]["LanguageName"];
            unit?: components["schemas"]["LanguageUnit"] | null;
        };
        /** @description Units that experiments with this holdout exclude (SV-21). */
        LanguageHoldout: {
            percent: components["schemas"]["LanguagePercentage"];
            salt: components["schemas"]["LanguageName"];
            unit?: components["schemas"]["LanguageUnit"] | null;
        };
        /** @description RFC 3339 with a zone, or milliseconds since 1970 (TIME-2, TIME-3). */
        LanguageInstant: string | number;
        /** @description The key of a flag, segment, group or holdout (CMP-10). */
        LanguageKey: string;
        /** @description A kind of contexts: `user`, `organization`, … */
        LanguageKind: string;
        /** @description A kind, or `/SALT/KIND` of a hashed list, which a server sends to browsers (CMP-21). */
        LanguageListName: components["schemas"]["LanguageKind"] | string;
        /** @description A name, id or salt (CMP-20). */
        LanguageName: string;
        /** @description An address or ADDRESS/PREFIX (OP-50). */
        LanguageNetwork: string;
        /** @description An override of one context (CMP-17). */
        LanguageOverride: ("include" | "exclude") | ({
            variant: components["schemas"]["LanguageVariantName"];
        } & {
            [key: string]: null;
        }) | ({
            patch: components["schemas"]["LanguagePatch"];
        } & {
            [key: string]: null;
        });
        /** @description A JSON merge patch, RFC 7396. */
        LanguagePatch: Record<string, never>;
        /** @description A pattern of the grammar of language.md, section 7. */
        LanguagePattern: string;
        /** @description 0 to 100 with at most three decimals (SV-5). */
        LanguagePercentage: number;
        /** @description A percentage, rollout steps or a ramp (SV-6). */
        LanguageRollout: components["schemas"]["LanguagePercentage"] | ({
            steps: {
                at: components["schemas"]["LanguageInstant"];
                percent: components["schemas"]["LanguagePercentage"];
            }[];
        } & {
            [key: string]: null;
        }) | ({
            end: components["schemas"]["LanguagePercentage"];
            from: components["schemas"]["LanguageInstant"];
            start: components["schemas"]["LanguagePercentage"];
            until: components["schemas"]["LanguageInstant"];
        } & {
            [key: string]: null;
        });
        /** @description A condition and the serve for contexts that match it (EV-30). */
        LanguageRule: {
            /** @description A description for people; it has no effect on evaluation. */
            description?: string | null;
            /** @description Start of the time window of the rule. */
            from?: components["schemas"]["LanguageInstant"] | null;
            /** @description An id, which is in the outcome's detail. */
            id?: components["schemas"]["LanguageName"] | null;
            serve: components["schemas"]["LanguageServe"];
            /** @description End of the time window of the rule. */
            until?: components["schemas"]["LanguageInstant"] | null;
            /** @description The condition; the rule matches every context, if absent. */
            when?: components["schemas"]["LanguageCondition"] | null;
        };
        /** @description A reusable condition (OP-61). */
        LanguageSegment: {
            /** @description A description for people; it has no effect on evaluation. */
            description?: string | null;
            /** @description Keys not in the segment, by kind; checked before `include`. */
            exclude?: {
                [key: string]: components["schemas"]["LanguageContextKey"][];
            } | null;
            /** @description Keys in the segment, by kind. */
            include?: {
                [key: string]: components["schemas"]["LanguageContextKey"][];
            } | null;
            /** @description The lowest version of the language that evaluates it correctly (CMP-6). */
            needs?: number | null;
            /** @description The condition for other contexts to be in the segment; none are, if absent. */
            when?: components["schemas"]["LanguageCondition"] | null;
        };
        /** @description A variant, or a serve with a hash (section 5). */
        LanguageServe: components["schemas"]["LanguageVariantName"] | ({
            /**
             * @description The hash algorithm.
             * @default murmur3
             * @enum {unknown}
             */
            algorithm: "murmur3" | null;
            /** @description Variants by weight; the weights sum to exactly 100,000 (SV-3). */
            arms?: components["schemas"]["LanguageArm"][] | null;
            /** @description Marks the arms as an experiment. */
            experiment?: components["schemas"]["LanguageExperiment"] | null;
            /**
             * @description The result if the unit is missing (SV-17).
             * @default decline
             */
            onMissing: "decline" | {
                variant: components["schemas"]["LanguageVariantName"];
            } | null;
            /** @description The share that passes; all, if absent (SV-6). */
            rollout?: components["schemas"]["LanguageRollout"] | null;
            /** @description Input of the hashes; the flag's salt, if absent. */
            salt?: components["schemas"]["LanguageName"] | null;
            /** @description The hashed value: the key of a kind, or a pointer to an attribute; `user`, if absent. */
            unit?: components["schemas"]["LanguageUnit"] | null;
            /** @description The variant served. */
            variant?: components["schemas"]["LanguageVariantName"] | null;
        } & ({
            arms?: null;
            experiment?: null;
            variant: components["schemas"]["LanguageGiven"];
        } | {
            arms: components["schemas"]["LanguageGiven"];
            variant?: null;
        })) | null | ({
            /** @enum {unknown} */
            algorithm: "eppo" | "flagsmith" | "growthbook" | "launchdarkly" | "unleash";
            arms: components["schemas"]["LanguageVendorArm"][];
            experiment?: ({
                key: components["schemas"]["LanguageName"];
            } & {
                [key: string]: null;
            }) | null;
            parameters?: Record<string, never> | null;
        } & {
            [key: string]: null;
        }) | ({
            dialect: string;
            expression: unknown;
        } & {
            [key: string]: null;
        });
        /** @description 0 to 100,000. */
        LanguageSlot: number;
        /** @description A test of an attribute (OP-3). */
        LanguageTest: ({
            /**
             * @description How many elements of an array must match (OP-10).
             * @default any
             * @enum {unknown}
             */
            array: "any" | "all" | "none" | null;
            attribute: components["schemas"]["LanguageAttribute"];
            /**
             * @description Whether both sides are case-folded (OP-24).
             * @default false
             */
            ignoreCase: boolean | null;
            /** @description The operator; `notX` is the negation of X. */
            op: string;
            /** @description The literal of the operator. */
            value?: unknown;
            /** @description The literals of the operator. */
            values?: unknown[] | null;
        } & {
            [key: string]: null;
        }) & ({
            /** @enum {unknown} */
            op?: "equals" | "notEquals";
            value: string | number | boolean | null;
            values?: null;
        } | {
            /** @enum {unknown} */
            op?: "in" | "notIn";
            value?: null;
            values: (string | number | boolean)[];
        } | ({
            /** @enum {unknown} */
            op?: "contains" | "notContains" | "startsWith" | "notStartsWith" | "endsWith" | "notEndsWith";
            value?: string | null;
            values?: string[] | null;
        } & ({
            value: components["schemas"]["LanguageGiven"];
        } | {
            values: components["schemas"]["LanguageGiven"];
        })) | ({
            /** @enum {unknown} */
            ignoreCase?: false | null;
            /** @enum {unknown} */
            op?: "matches" | "notMatches";
            value?: components["schemas"]["LanguagePattern"] | null;
            values?: components["schemas"]["LanguagePattern"][] | null;
        } & ({
            value: components["schemas"]["LanguageGiven"];
        } | {
            values: components["schemas"]["LanguageGiven"];
        })) | {
            /** @enum {unknown} */
            ignoreCase?: false | null;
            /** @enum {unknown} */
            op?: "lessThan" | "notLessThan" | "lessOrEqual" | "notLessOrEqual" | "greaterThan" | "notGreaterThan" | "greaterOrEqual" | "notGreaterOrEqual";
            value: number;
            values?: null;
        } | {
            /** @enum {unknown} */
            ignoreCase?: false | null;
            /** @enum {unknown} */
            op?: "before" | "notBefore" | "after" | "notAfter";
            value: components["schemas"]["LanguageInstant"];
            values?: null;
        } | {
            /** @enum {unknown} */
            ignoreCase?: false | null;
            /** @enum {unknown} */
            op?: "semverEqual" | "notSemverEqual" | "semverLess" | "notSemverLess" | "semverLessOrEqual" | "notSemverLessOrEqual" | "semverGreater" | "notSemverGreater" | "semverGreaterOrEqual" | "notSemverGreaterOrEqual";
            value: components["schemas"]["LanguageVersion"];
            values?: null;
        } | ({
            /** @enum {unknown} */
            ignoreCase?: false | null;
            /** @enum {unknown} */
            op?: "semverMatches" | "notSemverMatches";
            value?: components["schemas"]["LanguageVersionRange"] | null;
            values?: components["schemas"]["LanguageVersionRange"][] | null;
        } & ({
            value: components["schemas"]["LanguageGiven"];
        } | {
            values: components["schemas"]["LanguageGiven"];
        })) | ({
            /** @enum {unknown} */
            ignoreCase?: false | null;
            /** @enum {unknown} */
            op?: "cidr" | "notCidr";
            value?: components["schemas"]["LanguageNetwork"] | null;
            values?: components["schemas"]["LanguageNetwork"][] | null;
        } & ({
            value: components["schemas"]["LanguageGiven"];
        } | {
            values: components["schemas"]["LanguageGiven"];
        })) | {
            array?: null;
            /** @enum {unknown} */
            ignoreCase?: false | null;
            /** @enum {unknown} */
            op?: "sizeEqual" | "notSizeEqual" | "sizeLess" | "notSizeLess" | "sizeLessOrEqual" | "notSizeLessOrEqual" | "sizeGreater" | "notSizeGreater" | "sizeGreaterOrEqual" | "notSizeGreaterOrEqual";
            value: number;
            values?: null;
        } | {
            array?: null;
            /** @enum {unknown} */
            ignoreCase?: false | null;
            /** @enum {unknown} */
            op?: "exists" | "notExists";
            value?: null;
            values?: null;
        });
        /** @description A kind, or a pointer to an attribute (SV-15). */
        LanguageUnit: components["schemas"]["LanguageAttribute"];
        /** @description The name of a variant. */
        LanguageVariantName: string;
        /** @description A variant and its weight, as the vendor has it (SV-41). */
        LanguageVendorArm: {
            variant: components["schemas"]["LanguageVariantName"] | null;
            weight: number;
        };
        /** @description A semantic version (OP-41). */
        LanguageVersion: string;
        /** @description `^V` or `~V` (OP-45). */
        LanguageVersionRange: string;
        /** @description The code of a one-time link */
        LinkCode: {
            /** @description The code after `#sign-in=` in the link */
            code: string;
        };
        /** @description Something odd about a flag, and where: the lint's `Finding` */
        LintFinding: {
            /** @description The kind of finding, as `unreachable-rule` */
            code: string;
            /** @description What to do about it */
            hint: string;
            /** @description What is odd */
            message: string;
            /** @description A JSON pointer into the request */
            pointer: string;
            /** @description `error`, `warning` or `info` */
            severity: string;
        };
        /** @description The process is alive */
        Liveness: {
            status: string;
        };
        /** @description The result of a load */
        LoadCounts: {
            added: number;
            changed: number;
            removed: number;
        };
        /** @description The result of a load, or of a dry run */
        Loaded: components["schemas"]["LoadCounts"] & {
            dryRun: boolean;
            /** @description The number of lines */
            lines: number;
            /**
             * Format: int64
             * @description The revision of the environment afterwards
             */
            revision: number;
        };
        /** @description What the identity provider sends */
        LogoutForm: {
            /** @description The logout token, signed by the provider */
            logout_token: string;
        };
        /** @description The flags of an environment */
        Manifest: {
            flags: components["schemas"]["ManifestFlag"][];
        };
        ManifestFlag: {
            /** @description The value of the flag's off variant */
            defaultValue: unknown;
            description?: string;
            key: string;
            /** @description What people call it */
            name?: string;
            /** @description `boolean`, `string`, `integer`, `float` or `object` */
            type: string;
        };
        /** @description The caller */
        Me: {
            /** @description Whether the role is the same in all projects, including future ones */
            allProjects: boolean;
            /**
             * @description `person` (signed in with the identity provider, or by its JSON Web Token), `operator` (signed in by a one-time link),
             *     `personalToken`, `token` or `key`
             */
            credential: string;
            environment: components["schemas"]["KeyEnvironment"] | null;
            /**
             * Format: date-time
             * @description When it expires: a token, a key, or the session of somebody who is signed in
             */
            expiresAt: string | null;
            /** @description The id of the token or key; null for a person or operator */
            id: string | null;
            /** @description The name in the audit */
            name: string;
            /** @description The projects in which the caller has a role; none for a key */
            projects: components["schemas"]["ProjectRole"][];
        };
        Member: {
            /** Format: date-time */
            createdAt: string;
            /** @description An e-mail address that the issuer of tokens has verified */
            email?: string;
            id: string;
            /** @description `viewer`, `editor` or `admin` */
            role: string;
            /** @description The issuer's id of the person: `sub` */
            subject?: string;
        };
        /** @description Another role for a member */
        MemberPatch: {
            role: string;
        };
        /** @description The body that creates an environment */
        NewEnvironment: {
            name: string;
        };
        /** @description The request that creates a key of an environment */
        NewEnvironmentKey: {
            /**
             * Format: date-time
             * @description When it expires: in the future
             */
            expiresAt?: string | null;
            /** @description `server`, `client` or `client-local` */
            kind: string;
            name: string;
            /** @description The origins of the pages that may use a key of kind `client` or `client-local`; all if absent or `*` alone */
            origins?: string[] | null;
        };
        /** @description What a new flag is made of */
        NewFlag: components["schemas"]["FlagBody"];
        /** @description A new group */
        NewGroup: components["schemas"]["GroupBody"];
        /** @description A new holdout */
        NewHoldout: components["schemas"]["HoldoutBody"];
        /** @description A person to be added, identified in one of two ways */
        NewMember: {
            email?: string | null;
            role: string;
            subject?: string | null;
        };
        /** @description The body that renames a project or an environment */
        NewName: {
            name: string;
        };
        /** @description The request that creates a personal token */
        NewPersonalToken: {
            /**
             * Format: date-time
             * @description When it expires: in the future, within 366 days; in 90 days by default
             */
            expiresAt?: string | null;
            name: string;
            /** @description The project that it is for */
            project: string;
            /** @description `viewer`, `editor` or `admin`: at most the caller's own role in the project */
            role: string;
        };
        /** @description The body that creates a project */
        NewProject: {
            /** @description The names of its environments; production, staging and development by default */
            environments?: components["schemas"]["LanguageKey"][] | null;
            name: string;
        };
        /** @description The request that creates a token of a project */
        NewProjectToken: {
            /** @description Whether it is for all projects, which only a token for all projects may create */
            allProjects?: boolean | null;
            /**
             * Format: date-time
             * @description When it expires: in the future
             */
            expiresAt?: string | null;
            name: string;
            /** @description `viewer`, `editor` or `admin` */
            role: string;
        };
        /** @description A new segment */
        NewSegment: components["schemas"]["SegmentBody"];
        /** @description The settings to be; one that is left out stays */
        NewSettings: {
            /**
             * @description The attributes of which no values are recorded: names, or JSON pointers, which are private with everything inside them. Recorded
             *     values of an attribute that becomes private are deleted
             */
            privateAttributes?: string[];
            /** @description Whether evaluated values can be read without a key */
            publicValues?: boolean;
            /** @description Whether names, types and a sample of values of attributes in contexts are recorded; `false` deletes what was */
            recordAttributes?: boolean;
            /** @description Whether the environment is protected: every change of it must state a reason */
            requireReason?: boolean;
        };
        /** @description What the server says of a segment, group or holdout */
        ObjectEnvelope: {
            key?: components["schemas"]["LanguageKey"];
            /** @description The objects that refer to it, and where */
            usedBy?: components["schemas"]["ObjectUse"][];
            /** @description The revision that last changed it or one of its lists: its entity tag */
            version?: number;
        };
        /** @description An object that refers to another one, and where */
        ObjectUse: {
            key: components["schemas"]["LanguageKey"];
            /** @enum {string} */
            kind: "flag" | "segment";
            /** @description Where in the document of the environment */
            pointer: string;
        };
        OfrepBulk: {
            eventStreams: components["schemas"]["RefetchStream"][];
            flags: components["schemas"]["OfrepItem"][];
            metadata: Record<string, never>;
        };
        OfrepFailure: {
            errorCode: string;
            errorDetails: string;
            key?: string;
        };
        OfrepItem: components["schemas"]["OfrepSuccess"] | components["schemas"]["OfrepFailure"];
        OfrepQuestion: {
            context?: components["schemas"]["ContextBody"];
        };
        OfrepSuccess: {
            key: string;
            metadata: Record<string, never>;
            reason: string;
            /** @description Absent where the flag serves nothing: the value is left to the caller's code */
            value?: unknown;
            variant?: string;
        };
        /** @description What a flag evaluates to */
        Outcome: {
            /** @description Which rule, override or prerequisite decided */
            detail: Record<string, never>;
            /** @description Whether the flag is on for this context */
            enabled: boolean;
            /** @description What was wrong, if something was */
            errorCode: string | null;
            /** @description Whether the arms of an experiment decided */
            inExperiment: boolean;
            /** @description The flag's own */
            metadata: Record<string, never>;
            /** @description Why, in a word */
            reason: string;
            /** @description Of an object: the level that each member is from */
            sources: {
                [key: string]: string;
            };
            /** @description The value, or the default of the question where the flag answers none */
            value: unknown;
            /** @description The name of the variant */
            variant: string | null;
        };
        /** @description An override as the admin API returns it */
        Override: {
            contextKey: string;
            /**
             * Format: date-time
             * @description When it was created; null if that is not known
             */
            createdAt: string | null;
            /** @description Who created it */
            createdBy: string | null;
            /** @description The key of the flag */
            flag: string;
            /** @description The kind of context */
            level: string;
            /** @description The reason, if one was given */
            reason: string | null;
            /**
             * Format: date-time
             * @description When it was last changed; null if that is not known yet
             */
            updatedAt: string | null;
            /** @description Who last changed it */
            updatedBy: string | null;
            /** @description The value that the context gets */
            value: unknown;
        };
        /** @description The body that creates or replaces an override */
        OverrideBody: {
            /** @description The reason */
            reason?: string | null;
            /** @description The value that the context gets */
            value: components["schemas"]["LanguageOverride"];
        };
        /** @description A merge patch for an override */
        OverridePatch: {
            /** @description The reason */
            reason?: string | null;
            /** @description A merge patch (RFC 7396) for the value; what it does not name stays, what is null is removed */
            value: unknown;
        };
        /** @description A page of a list */
        Page_AccessKey: {
            /** @description The items on this page */
            items: (components["schemas"]["AccessKind"] & {
                /** Format: date-time */
                createdAt: string;
                /**
                 * Format: date-time
                 * @description When it expires
                 */
                expiresAt: string | null;
                /** @description The last characters of the token, by which people recognise it */
                hint: string;
                /** @description The id by which routes and the audit name the key */
                id: string;
                /**
                 * Format: date-time
                 * @description When a request last came with it, up to about a minute late; null if none did
                 */
                lastUsedAt: string | null;
                name: string;
                /**
                 * @description The pages that may use it, by their origins: of a key of kind `client` or `client-local`
                 * @example [
                 *       "https://app.example"
                 *     ]
                 */
                origins?: string[];
                /** @description The person whose personal token it is */
                owner?: string;
                /** @description The secret that contexts are signed with: of a key of kind `client` */
                secrets?: components["schemas"]["SigningSecret"][];
                /** @description Whether it evaluates only contexts that are signed: of a key of kind `client` */
                signedContexts?: boolean;
                /** @description The token; only in the response that creates it */
                token?: string;
            })[];
            /** @description The `cursor` of the next page; null on the last one */
            next: string | null;
            /** @description The number of items on all pages, if it is known without reading them */
            total?: number;
        };
        /** @description A page of a list */
        Page_AuditRecord: {
            /** @description The items on this page */
            items: components["schemas"]["AuditRecord"][];
            /** @description The `cursor` of the next page; null on the last one */
            next: string | null;
            /** @description The number of items on all pages, if it is known without reading them */
            total?: number;
        };
        /** @description A page of a list */
        Page_Environment: {
            /** @description The items on this page */
            items: {
                /** @description The number of flags */
                flags: number;
                name: string;
                /** @description Whether the environment is protected: every change of it must state a reason */
                requireReason: boolean;
                /**
                 * Format: int64
                 * @description The number of changes
                 */
                revision: number;
            }[];
            /** @description The `cursor` of the next page; null on the last one */
            next: string | null;
            /** @description The number of items on all pages, if it is known without reading them */
            total?: number;
        };
        /** @description A page of a list */
        Page_Flag: {
            /** @description The items on this page */
            items: components["schemas"]["Flag"][];
            /** @description The `cursor` of the next page; null on the last one */
            next: string | null;
            /** @description The number of items on all pages, if it is known without reading them */
            total?: number;
        };
        /** @description A page of a list */
        Page_FlagChange: {
            /** @description The items on this page */
            items: {
                /** @description `create`, `update` or `delete` */
                action: string;
                /** @description The author: the name of their token */
                actor: string;
                /** Format: date-time */
                at: string;
                /** @description The differences; pointers are into the flag */
                changes: components["schemas"]["Difference"][];
                /** @description How many entries of lists changed; of very many only the first are in `changes` */
                entries: unknown;
                /** @description The reason, if one was given */
                reason: string | null;
                /**
                 * Format: int64
                 * @description The revision of the environment
                 */
                revision: number | null;
            }[];
            /** @description The `cursor` of the next page; null on the last one */
            next: string | null;
            /** @description The number of items on all pages, if it is known without reading them */
            total?: number;
        };
        /** @description A page of a list */
        Page_Group: {
            /** @description The items on this page */
            items: components["schemas"]["Group"][];
            /** @description The `cursor` of the next page; null on the last one */
            next: string | null;
            /** @description The number of items on all pages, if it is known without reading them */
            total?: number;
        };
        /** @description A page of a list */
        Page_Holdout: {
            /** @description The items on this page */
            items: components["schemas"]["Holdout"][];
            /** @description The `cursor` of the next page; null on the last one */
            next: string | null;
            /** @description The number of items on all pages, if it is known without reading them */
            total?: number;
        };
        /** @description A page of a list */
        Page_InstanceItem: {
            /** @description The items on this page */
            items: {
                confirmation: ("applied" | "sent") & Record<string, never>;
                /** @description Its id; null if it does not acknowledge */
                instance: string | null;
                /** @description The node that it is connected to */
                node: string;
                /**
                 * Format: int64
                 * @description The revision that it acknowledged; without an id, the revision that was sent to it
                 */
                revision: number | null;
                /** @description The name of its SDK */
                sdk: string | null;
                /**
                 * Format: int64
                 * @description The revision that was sent to it
                 */
                sent: number;
                /**
                 * Format: date-time
                 * @description When it connected
                 */
                since: string;
                /**
                 * Format: int64
                 * @description For how many milliseconds a newer revision than its own has existed
                 */
                staleMs: number;
                /** @description The version of its SDK */
                version: string | null;
            }[];
            /** @description The `cursor` of the next page; null on the last one */
            next: string | null;
            /** @description The number of items on all pages, if it is known without reading them */
            total?: number;
        };
        /** @description A page of a list */
        Page_Member: {
            /** @description The items on this page */
            items: {
                /** Format: date-time */
                createdAt: string;
                /** @description An e-mail address that the issuer of tokens has verified */
                email?: string;
                id: string;
                /** @description `viewer`, `editor` or `admin` */
                role: string;
                /** @description The issuer's id of the person: `sub` */
                subject?: string;
            }[];
            /** @description The `cursor` of the next page; null on the last one */
            next: string | null;
            /** @description The number of items on all pages, if it is known without reading them */
            total?: number;
        };
        /** @description A page of a list */
        Page_Override: {
            /** @description The items on this page */
            items: {
                contextKey: string;
                /**
                 * Format: date-time
                 * @description When it was created; null if that is not known
                 */
                createdAt: string | null;
                /** @description Who created it */
                createdBy: string | null;
                /** @description The key of the flag */
                flag: string;
                /** @description The kind of context */
                level: string;
                /** @description The reason, if one was given */
                reason: string | null;
                /**
                 * Format: date-time
                 * @description When it was last changed; null if that is not known yet
                 */
                updatedAt: string | null;
                /** @description Who last changed it */
                updatedBy: string | null;
                /** @description The value that the context gets */
                value: unknown;
            }[];
            /** @description The `cursor` of the next page; null on the last one */
            next: string | null;
            /** @description The number of items on all pages, if it is known without reading them */
            total?: number;
        };
        /** @description A page of a list */
        Page_Project: {
            /** @description The items on this page */
            items: {
                /** @description The names of its environments */
                environments: string[];
                name: string;
            }[];
            /** @description The `cursor` of the next page; null on the last one */
            next: string | null;
            /** @description The number of items on all pages, if it is known without reading them */
            total?: number;
        };
        /** @description A page of a list */
        Page_ProjectFlag: {
            /** @description The items on this page */
            items: {
                /**
                 * Format: date-time
                 * @description When it was first created
                 */
                createdAt: string | null;
                /** @description What the flag is for */
                description: string;
                /** @description The environments that have it */
                environments: components["schemas"]["ProjectFlagPlace"][];
                key: string;
                /** @description `release`, `experiment`, `killSwitch` or `permission` */
                kind: string;
                /**
                 * Format: date-time
                 * @description When it was last evaluated anywhere, as far as this node knows
                 */
                lastSeenAt: string | null;
                /**
                 * @description `active`, `stale` or `archived`, as set by people; `potentiallyStale` if it is active and older than flags of its kind should
                 *     become
                 */
                lifecycle: string;
                /** @description What people call it */
                name: string;
                /** @description The owner */
                owner: string;
                /** @description Tags */
                tags: string[];
                /** @description Its type; null if no environment has it */
                type: string | null;
                /**
                 * Format: int64
                 * @description The version of the metadata: its entity tag
                 */
                version: number;
            }[];
            /** @description The `cursor` of the next page; null on the last one */
            next: string | null;
            /** @description The number of items on all pages, if it is known without reading them */
            total?: number;
        };
        /** @description A page of a list */
        Page_Revision: {
            /** @description The items on this page */
            items: {
                /** @description The author: the name of their token */
                actor: string;
                /** Format: date-time */
                at: string;
                /**
                 * Format: int64
                 * @description The number of flags, segments, groups and holdouts that changed
                 */
                objectCount: number;
                /** @description The first 10 of them */
                objects: components["schemas"]["ChangedObject"][];
                /** @description The reason, if one was given */
                reason: string | null;
                /** Format: int64 */
                revision: number;
            }[];
            /** @description The `cursor` of the next page; null on the last one */
            next: string | null;
            /** @description The number of items on all pages, if it is known without reading them */
            total?: number;
        };
        /** @description A page of a list */
        Page_SeenAttribute: {
            /** @description The items on this page */
            items: {
                /** @description As conditions name it: a name, or a JSON pointer */
                attribute: string;
                /** Format: date-time */
                firstSeenAt: string;
                /**
                 * Format: date-time
                 * @description No more precise than an hour
                 */
                lastSeenAt: string;
                /** @description Whether its values are not recorded by the settings of the environment */
                private: boolean;
                /** @description Of `boolean`, `number`, `string` and `array` */
                types: string[];
                /** @description At most 20 values, of which arrays have their elements; none of a private attribute, or of the key of a context */
                values: unknown[];
            }[];
            /** @description The `cursor` of the next page; null on the last one */
            next: string | null;
            /** @description The number of items on all pages, if it is known without reading them */
            total?: number;
        };
        /** @description A page of a list */
        Page_Segment: {
            /** @description The items on this page */
            items: components["schemas"]["Segment"][];
            /** @description The `cursor` of the next page; null on the last one */
            next: string | null;
            /** @description The number of items on all pages, if it is known without reading them */
            total?: number;
        };
        /** @description A page of a list */
        Page_SegmentId: {
            /** @description The items on this page */
            items: {
                id: string;
                /** @description The kind of context, as `user` or `organization` */
                kind: string;
                /** @description `include` or `exclude` */
                list: string;
            }[];
            /** @description The `cursor` of the next page; null on the last one */
            next: string | null;
            /** @description The number of items on all pages, if it is known without reading them */
            total?: number;
        };
        /** @description A page of a list */
        Page_Session: {
            /** @description The items on this page */
            items: {
                /** Format: date-time */
                createdAt: string;
                /**
                 * Format: date-time
                 * @description When it ends, however much it is used
                 */
                expiresAt: string;
                /** @description The id by which routes and the audit name the session */
                id: string;
                /** @description Whether the request came with this session */
                isCurrent: boolean;
                /**
                 * Format: date-time
                 * @description When a request last came with it, up to about a minute late
                 */
                lastUsedAt: string;
                /** @description The name of the person in the audit */
                name: string;
                /** @description `identityProvider` or `oneTimeLink` */
                signedInBy: string;
                /** @description The browser that began it, as it names itself in `User-Agent`; null if it did not */
                userAgent: string | null;
            }[];
            /** @description The `cursor` of the next page; null on the last one */
            next: string | null;
            /** @description The number of items on all pages, if it is known without reading them */
            total?: number;
        };
        /** @description A page of a list */
        Page_UnknownFlag: {
            /** @description The items on this page */
            items: {
                /**
                 * Format: int64
                 * @description How often it was evaluated
                 */
                count: number;
                /** Format: date-time */
                firstSeenAt: string;
                /** @description Whether it exists and is not marked `clientSide`: a page asked for it, and got the response that it does not exist */
                hidden: boolean;
                key: string;
                /** Format: date-time */
                lastSeenAt: string;
                /** @description The SDK that evaluated it last */
                sdk: string;
            }[];
            /** @description The `cursor` of the next page; null on the last one */
            next: string | null;
            /** @description The number of items on all pages, if it is known without reading them */
            total?: number;
        };
        /** @description Why a request was refused (RFC 9457) */
        Problem: {
            /**
             * Format: int64
             * @description The current version
             */
            currentVersion?: number;
            /** @description The explanation for people */
            detail: string;
            /** @description The errors and their places */
            errors?: components["schemas"]["FieldError"][];
            /**
             * Format: int64
             * @description The version in `If-Match`, if it is one
             */
            expectedVersion?: number;
            /**
             * Format: int32
             * @description The status
             */
            status: number;
            /** @description The title of the status */
            title: string;
            /** @description The kind of problem, for programs */
            type: string;
        };
        Project: {
            /** @description The names of its environments */
            environments: string[];
            name: string;
        };
        /** @description The data of an event `change` */
        ProjectChange: {
            /** @description `create`, `update`, `delete`, `archive` or `restore` */
            action: string;
            /** @description The author's name in the audit */
            actor: string;
            /** Format: date-time */
            at: string;
            /** @description The environment; null if the change concerns the whole project */
            environment: string | null;
            /** @description The key or name of what was changed */
            key: string;
            /**
             * @description The kind of what was changed, as in the audit: `flag`, `segment`, `group`, `holdout`, `environment`, `project`, and for admins
             *     `key`, `token` and `member`
             */
            kind: string;
            /**
             * Format: int64
             * @description The revision of the environment; null if it has no new one
             */
            revision: number | null;
            /**
             * Format: int64
             * @description The number of the change in the project's audit; also the event's `id`
             */
            sequence: number;
        };
        /** @description A flag in its project */
        ProjectFlag: {
            /**
             * Format: date-time
             * @description When it was first created
             */
            createdAt: string | null;
            /** @description What the flag is for */
            description: string;
            /** @description The environments that have it */
            environments: components["schemas"]["ProjectFlagPlace"][];
            key: string;
            /** @description `release`, `experiment`, `killSwitch` or `permission` */
            kind: string;
            /**
             * Format: date-time
             * @description When it was last evaluated anywhere, as far as this node knows
             */
            lastSeenAt: string | null;
            /**
             * @description `active`, `stale` or `archived`, as set by people; `potentiallyStale` if it is active and older than flags of its kind should
             *     become
             */
            lifecycle: string;
            /** @description What people call it */
            name: string;
            /** @description The owner */
            owner: string;
            /** @description Tags */
            tags: string[];
            /** @description Its type; null if no environment has it */
            type: string | null;
            /**
             * Format: int64
             * @description The version of the metadata: its entity tag
             */
            version: number;
        };
        /** @description A patch for the metadata of a flag; what is missing stays, what is null is removed */
        ProjectFlagPatch: {
            description?: string | null;
            /** @description `release`, `experiment`, `killSwitch` or `permission` */
            kind?: string | null;
            /** @description `active` or `stale`; flags are archived with `/archive` */
            lifecycle?: string | null;
            name?: string | null;
            owner?: string | null;
            tags?: string[] | null;
        };
        /** @description A flag in one environment of its project */
        ProjectFlagPlace: {
            /** @description Whether it is switched on */
            enabled: boolean;
            name: string;
            /** Format: date-time */
            updatedAt: string;
            /**
             * Format: int64
             * @description The revision that last changed it
             */
            version: number;
        };
        ProjectRole: {
            project: string;
            /** @description `viewer`, `editor` or `admin` */
            role: string;
        };
        /** @description How often each flag of a project was evaluated in the last week, in all environments together */
        ProjectUsage: {
            /** @description The evaluations of each day by flag, of which the last is today; flags that were not evaluated are left out */
            flags: {
                [key: string]: number[];
            };
            /**
             * Format: date-time
             * @description When the first day begins, in UTC
             */
            from: string;
        };
        /** @description The server is ready, and how old its data is */
        Readiness: {
            /**
             * Format: int64
             * @description How old the data is at most, in milliseconds
             */
            staleMs: number;
            status: string;
            /** @description `up`, or `down` if the database was unreachable when it was last polled */
            store: string;
            /** @description `up`, or `down` if writes fail: the disk is full, or the database is unreachable */
            writes: string;
        };
        /** @description The stream's address in the response of a bulk evaluation */
        RefetchStream: {
            endpoint: components["schemas"]["Endpoint"];
            /** Format: int32 */
            inactivityDelaySec: number;
            type: string;
        };
        /** @description The result of a document's import, or of a dry run */
        Replaced: {
            /** @description Only for a dry run: what would change */
            changes?: components["schemas"]["Difference"][];
            /** @description The issues of flags that were stored although they do not compile */
            issues: components["schemas"]["DocumentIssue"][];
            /** @description Only for a dry run: which flags would give units another variant */
            moves?: components["schemas"]["FlagMoves"][];
            /**
             * Format: int64
             * @description The revision of the environment afterwards
             */
            revision: number;
        };
        /** @description A revision of an environment */
        Revision: {
            /** @description The author: the name of their token */
            actor: string;
            /** Format: date-time */
            at: string;
            /**
             * Format: int64
             * @description The number of flags, segments, groups and holdouts that changed
             */
            objectCount: number;
            /** @description The first 10 of them */
            objects: components["schemas"]["ChangedObject"][];
            /** @description The reason, if one was given */
            reason: string | null;
            /** Format: int64 */
            revision: number;
        };
        /** @description The state to restore */
        Rollback: {
            /**
             * Format: int64
             * @description A revision of the environment
             */
            revision: number;
        };
        /** @description An attribute that contexts had */
        SeenAttribute: {
            /** @description As conditions name it: a name, or a JSON pointer */
            attribute: string;
            /** Format: date-time */
            firstSeenAt: string;
            /**
             * Format: date-time
             * @description No more precise than an hour
             */
            lastSeenAt: string;
            /** @description Whether its values are not recorded by the settings of the environment */
            private: boolean;
            /** @description Of `boolean`, `number`, `string` and `array` */
            types: string[];
            /** @description At most 20 values, of which arrays have their elements; none of a private attribute, or of the key of a context */
            values: unknown[];
        };
        /** @description A segment without its lists, whose lengths it has instead */
        Segment: {
            description?: string | null;
            needs?: number | null;
            when?: components["schemas"]["LanguageCondition"] | null;
        } & WithRequired<components["schemas"]["ObjectEnvelope"], "key" | "version" | "usedBy"> & {
            counts: components["schemas"]["SegmentCounts"];
        };
        /** @description A segment; without `include` and `exclude` its lists stay */
        SegmentBody: components["schemas"]["LanguageSegment"] & components["schemas"]["IgnoredObjectEnvelope"];
        /** @description How many ids a segment has */
        SegmentCounts: {
            /** @description By kind of context */
            exclude: {
                [key: string]: number;
            };
            /** @description By kind of context */
            include: {
                [key: string]: number;
            };
        };
        /** @description An id in a list of a segment */
        SegmentId: {
            id: string;
            /** @description The kind of context, as `user` or `organization` */
            kind: string;
            /** @description `include` or `exclude` */
            list: string;
        };
        /** @description The result of a load, or of a dry run */
        SegmentLoad: components["schemas"]["SegmentLoadCounts"] & {
            dryRun: boolean;
            /** @description The number of lines */
            lines: number;
            /**
             * Format: int64
             * @description The revision of the environment afterwards
             */
            revision: number;
        };
        /** @description How many ids a load added and removed */
        SegmentLoadCounts: {
            added: number;
            removed: number;
        };
        /** @description A serve, and the units that get another variant by it */
        ServeMoves: {
            /** @description A JSON pointer to it as it would be; null if it would be gone */
            after: string | null;
            /** @description A JSON pointer to it as it is; null if it would be new */
            before: string | null;
            /** @description How many different hashes are looked at; they are taken to be independent */
            hashes: number;
            /** @description The share of its units that would move, from 0 to 1 */
            moved: number;
            moves: {
                /** @description The variant after; null where what comes after the serve decides */
                after: string | null;
                /** @description The variant before; null where what comes after the serve decides */
                before: string | null;
                share: number;
            }[];
        };
        /** @description A session of somebody who is signed in to the admin UI */
        Session: {
            /** Format: date-time */
            createdAt: string;
            /**
             * Format: date-time
             * @description When it ends, however much it is used
             */
            expiresAt: string;
            /** @description The id by which routes and the audit name the session */
            id: string;
            /** @description Whether the request came with this session */
            isCurrent: boolean;
            /**
             * Format: date-time
             * @description When a request last came with it, up to about a minute late
             */
            lastUsedAt: string;
            /** @description The name of the person in the audit */
            name: string;
            /** @description `identityProvider` or `oneTimeLink` */
            signedInBy: string;
            /** @description The browser that began it, as it names itself in `User-Agent`; null if it did not */
            userAgent: string | null;
        };
        /** @description The settings of an environment */
        Settings: {
            /** @description The attributes of which no values are recorded: names, or JSON pointers, which are private with everything inside them */
            privateAttributes: string[];
            /** @description Whether evaluated values can be read without a key */
            publicValues: boolean;
            /** @description Whether names, types and a sample of values of attributes in contexts are recorded */
            recordAttributes: boolean;
            /** @description Whether the environment is protected: every change of it must state a reason */
            requireReason: boolean;
        };
        /** @description The short form: a body without any part that says who gets what; what it does not name stays */
        ShortFlag: {
            /** @description Whether pages may see it */
            clientSide?: boolean | null;
            description?: string | null;
            /** @description Whether it is on; a new flag is off unless told otherwise */
            enabled?: boolean | null;
            /** Format: date-time */
            expiresAt?: string | null;
            /** @description Of an object flag: a JSON Schema (2020-12) that its variants and overrides must satisfy; it refers to nothing outside of itself */
            jsonSchema?: Record<string, never> | null;
            metadata?: Record<string, never> | null;
            /** @description What people call it; one name in all environments of the project */
            name?: string | null;
            /** @description The percentage of units, with at most three decimals; sets `/serve/rollout` */
            rolloutPercentage?: number;
            /**
             * @description Of a new flag; `boolean` unless told otherwise
             * @enum {unknown}
             */
            type?: "boolean" | "string" | "number" | "object";
            /** @description Whether a context without a user gets the variant that is rolled out; sets `/serve/onMissing` */
            withoutUser?: boolean;
        } & components["schemas"]["IgnoredEnvelope"];
        /** @description How people can sign in */
        SignInMethods: {
            provider: components["schemas"]["SignInProvider"] | null;
        };
        /** @description The identity provider */
        SignInProvider: {
            /** @description What the button is called */
            label: string;
            /** @description Where the browser begins the sign-in */
            url: string;
        };
        /** @description What is left to do after signing out */
        SignedOut: {
            /** @description Where the browser signs out at the identity provider too; null if there is nothing to do */
            providerUrl: string | null;
        };
        SigningSecret: {
            /** Format: date-time */
            createdAt: string;
            id: string;
            /** @description The secret; only in the response that creates it */
            secret?: string;
        };
        UnknownFlag: {
            /**
             * Format: int64
             * @description How often it was evaluated
             */
            count: number;
            /** Format: date-time */
            firstSeenAt: string;
            /** @description Whether it exists and is not marked `clientSide`: a page asked for it, and got the response that it does not exist */
            hidden: boolean;
            key: string;
            /** Format: date-time */
            lastSeenAt: string;
            /** @description The SDK that evaluated it last */
            sdk: string;
        };
        /** @description How often a flag was evaluated to a variant, or to none */
        UsageCount: {
            /** Format: int64 */
            count: number;
            flag: string;
            variant?: string | null;
        };
        UsagePoint: {
            /** Format: date-time */
            at: string;
            /** Format: int64 */
            count: number;
        };
        /** @description What an SDK has evaluated since its last report */
        UsageReport: {
            counts: components["schemas"]["UsageCount"][];
            /** Format: date-time */
            from: string;
            /** @description The instance's random id */
            instance: string;
            /**
             * Format: uint64
             * @description Evaluations that could not be counted
             */
            lost?: number;
            sdk: components["schemas"]["UsageSdk"];
            /**
             * Format: uint64
             * @description Increases with each report of an instance; a report that is sent again is not counted again
             */
            sequence: number;
            /** Format: date-time */
            until: string;
        };
        UsageSdk: {
            name: string;
            version: string;
        };
        /** @description The context for which to evaluate */
        ValuesRequest: {
            context?: components["schemas"]["ContextBody"];
        };
        VariantUsage: {
            /** Format: int64 */
            count: number;
            /** @description The steps in which the variant was evaluated */
            steps: components["schemas"]["UsagePoint"][];
            /** @description Null for evaluations without a variant */
            variant: string | null;
        };
        /** @description The whole flag, by a part that says who gets what; what it was read with beside its own fields may be sent back */
        WholeFlag: components["schemas"]["LanguageFlag"] & components["schemas"]["IgnoredEnvelope"] & {
            /** @description Of an object flag: a JSON Schema (2020-12) that its variants and overrides must satisfy; it refers to nothing outside of itself */
            jsonSchema?: Record<string, never> | null;
            /** @description What people call it; one name in all environments of the project */
            name?: string | null;
            /** @description The percentage of units, with at most three decimals; sets `/serve/rollout` */
            rolloutPercentage?: number;
            /** @description Whether a context without a user gets the variant that is rolled out; sets `/serve/onMissing` */
            withoutUser?: boolean;
        };
    };
    responses: {
        /** @description `malformed`: The path or the body could not be read */
        BadRequest: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    status?: 400;
                    /** @enum {unknown} */
                    type?: "urn:flagstaff:problem:malformed";
                } & components["schemas"]["Problem"];
            };
        };
        /**
         * @description `exists`: The name is taken
         *
         *     `in-use`: Other objects use it
         *
         *     `last-admin`: The last admin token without expiry cannot be revoked
         *
         *     `secrets`: The key has too many secrets, or would have too few
         *
         *     `expires`: The key has an expiry, so it cannot be rotated
         *
         *     `type-conflict`: The flag is of another type in another environment
         *
         *     `under-way`: The same request with the same `Idempotency-Key` is under way
         *
         *     `applied-before`: A request with the same `Idempotency-Key` was applied, and its answer is lost: read what is there
         *
         *     `archived`: The flag is archived: restore it first
         */
        Conflict: {
            headers: {
                /** @description Seconds to wait, where the same request is under way */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    status?: 409;
                    /** @enum {unknown} */
                    type?: "urn:flagstaff:problem:exists" | "urn:flagstaff:problem:in-use" | "urn:flagstaff:problem:last-admin" | "urn:flagstaff:problem:secrets" | "urn:flagstaff:problem:expires" | "urn:flagstaff:problem:type-conflict" | "urn:flagstaff:problem:under-way" | "urn:flagstaff:problem:applied-before" | "urn:flagstaff:problem:archived";
                } & components["schemas"]["Problem"];
            };
        };
        /**
         * @description `forbidden`: The key or token is known and may not do this
         *
         *     `signature`: The key takes signed contexts only, and this one is not signed, or not any more
         */
        Forbidden: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    status?: 403;
                    /** @enum {unknown} */
                    type?: "urn:flagstaff:problem:forbidden" | "urn:flagstaff:problem:signature";
                } & components["schemas"]["Problem"];
            };
        };
        /** @description `internal`: Internal error; the log of the server has the cause */
        InternalServerError: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    status?: 500;
                    /** @enum {unknown} */
                    type?: "urn:flagstaff:problem:internal";
                } & components["schemas"]["Problem"];
            };
        };
        /** @description `method-not-allowed`: The path does not support the method */
        MethodNotAllowed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    status?: 405;
                    /** @enum {unknown} */
                    type?: "urn:flagstaff:problem:method-not-allowed";
                } & components["schemas"]["Problem"];
            };
        };
        /** @description `not-found`: The resource does not exist, or the caller may not see it */
        NotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    status?: 404;
                    /** @enum {unknown} */
                    type?: "urn:flagstaff:problem:not-found";
                } & components["schemas"]["Problem"];
            };
        };
        /** @description `too-large`: The body is too long */
        PayloadTooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    status?: 413;
                    /** @enum {unknown} */
                    type?: "urn:flagstaff:problem:too-large";
                } & components["schemas"]["Problem"];
            };
        };
        /** @description `stale`: What was to be replaced has changed since */
        PreconditionFailed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    status?: 412;
                    /** @enum {unknown} */
                    type?: "urn:flagstaff:problem:stale";
                } & components["schemas"]["Problem"];
            };
        };
        /** @description `precondition-required`: A replacement must say in `If-Match` what it replaces */
        PreconditionRequired: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    status?: 428;
                    /** @enum {unknown} */
                    type?: "urn:flagstaff:problem:precondition-required";
                } & components["schemas"]["Problem"];
            };
        };
        /** @description `too-slow`: The body took too long to arrive */
        RequestTimeout: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    status?: 408;
                    /** @enum {unknown} */
                    type?: "urn:flagstaff:problem:too-slow";
                } & components["schemas"]["Problem"];
            };
        };
        /** @description `unavailable`: Temporarily unavailable: try again after `Retry-After` seconds */
        ServiceUnavailable: {
            headers: {
                /** @description Seconds to wait */
                "Retry-After": number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    status?: 503;
                    /** @enum {unknown} */
                    type?: "urn:flagstaff:problem:unavailable";
                } & components["schemas"]["Problem"];
            };
        };
        /**
         * @description `rate-limited`: Too many requests: try again after `Retry-After` seconds
         *
         *     `too-many-changes`: The overrides of the flag were changed too often: try again after `Retry-After` seconds
         *
         *     `too-many-idempotency-keys`: Too many `Idempotency-Key`s of this token in 24 hours
         */
        TooManyRequests: {
            headers: {
                /** @description Seconds to wait */
                "Retry-After": number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    status?: 429;
                    /** @enum {unknown} */
                    type?: "urn:flagstaff:problem:rate-limited" | "urn:flagstaff:problem:too-many-changes" | "urn:flagstaff:problem:too-many-idempotency-keys";
                } & components["schemas"]["Problem"];
            };
        };
        /** @description `unauthorized`: The request has no token, or an unknown one */
        Unauthorized: {
            headers: {
                "WWW-Authenticate": string;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    status?: 401;
                    /** @enum {unknown} */
                    type?: "urn:flagstaff:problem:unauthorized";
                } & components["schemas"]["Problem"];
            };
        };
        /**
         * @description `invalid`: The request is well-formed but not valid: `errors` lists what is wrong and where
         *
         *     `reason-required`: The environment is protected: state the reason of the change
         *
         *     `idempotency-key-reused`: The `Idempotency-Key` was used for another request
         *
         *     `response-too-long`: The response would be longer than 8 MiB: ask for fewer flags or contexts at a time
         */
        UnprocessableEntity: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": {
                    /** @constant */
                    status?: 422;
                    /** @enum {unknown} */
                    type?: "urn:flagstaff:problem:invalid" | "urn:flagstaff:problem:reason-required" | "urn:flagstaff:problem:idempotency-key-reused" | "urn:flagstaff:problem:response-too-long";
                } & components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
        IdempotencyKey: string;
        /** @description The key of the context */
        contextKey: string;
        /** @description The environment's name */
        environment: string;
        /** @description The id in the list */
        id: string;
        /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
        key: string;
        /** @description The kind of the context, as `user` or `organization` */
        kind: string;
        /** @description The kind of context that the override is of */
        level: string;
        /** @description `include` or `exclude` */
        list: string;
        /** @description The project's name */
        project: string;
        /** @description The id of the secret */
        secret: string;
    };
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    readDocs: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page that asks no other server */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
        };
    };
    evaluate: {
        parameters: {
            query?: never;
            header?: {
                /** @description The signature of the context, if the key requires signed contexts: `EXPIRES.MAC` */
                "x-flagstaff-signature"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "context": {
                 *         "targetingKey": "user-1"
                 *       },
                 *       "flag": "new-checkout"
                 *     }
                 */
                "application/json": components["schemas"]["EvaluationRequest"];
            };
        };
        responses: {
            /** @description What it evaluates to */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Evaluation"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    evaluateBatch: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "contexts": [
                 *         {
                 *           "targetingKey": "user-1"
                 *         },
                 *         {
                 *           "targetingKey": "user-2"
                 *         }
                 *       ],
                 *       "flags": [
                 *         "new-checkout"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["BatchQuestion"];
            };
        };
        responses: {
            /** @description An item for each context, in their order */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchAnswer"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    readMe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The caller */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    listMySessions: {
        parameters: {
            query?: {
                /** @description The maximum number of items on the page */
                limit?: number;
                /** @description The `next` of the previous page, which had the same `sort` */
                cursor?: string;
                /** @description Fields to sort by, the most important first, with `-` before a field for descending order: `-updatedAt,key` */
                sort?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Session"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    endMyOtherSessions: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How many there were */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EndedSessions"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    endMySession: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has ended */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listMyTokens: {
        parameters: {
            query?: {
                /** @description The maximum number of items on the page */
                limit?: number;
                /** @description The `next` of the previous page, which had the same `sort` */
                cursor?: string;
                /** @description Fields to sort by, the most important first, with `-` before a field for descending order: `-updatedAt,key` */
                sort?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_AccessKey"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    createMyToken: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "laptop",
                 *       "project": "default",
                 *       "role": "editor"
                 *     }
                 */
                "application/json": components["schemas"]["NewPersonalToken"];
            };
        };
        responses: {
            /** @description The token with its token */
            201: {
                headers: {
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessKey"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    revokeMyToken: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    readOpenApi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description An OpenAPI 3.1 document */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
    listProjects: {
        parameters: {
            query?: {
                /** @description The maximum number of items on the page */
                limit?: number;
                /** @description The `next` of the previous page, which had the same `sort` */
                cursor?: string;
                /** @description Fields to sort by, the most important first, with `-` before a field for descending order: `-updatedAt,key` */
                sort?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Project"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    createProject: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "environments": [
                 *         "production",
                 *         "staging"
                 *       ],
                 *       "name": "shop"
                 *     }
                 */
                "application/json": components["schemas"]["NewProject"];
            };
        };
        responses: {
            /** @description The project */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    readProject: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The project */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    deleteProject: {
        parameters: {
            query?: {
                /** @description The name of what is deleted; required if flags, keys, tokens or members would be deleted with it */
                confirm?: string;
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The project is deleted */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deleted"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    renameProject: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "store"
                 *     }
                 */
                "application/json": components["schemas"]["NewName"];
            };
        };
        responses: {
            /** @description The project */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Project"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listAudit: {
        parameters: {
            query?: {
                /** @description Only of this flag */
                flag?: string;
                /** @description Only of this environment, by its name now; a deleted one by the name that its deletion answered */
                environment?: string;
                /** @description Only by this author */
                actor?: string;
                /** @description `create`, `update` or `delete` */
                action?: string;
                /** @description Only about things of this kind; `key`, `token` and `member` only for admins */
                kind?: string;
                /** @description From this instant on, inclusive */
                from?: string;
                /** @description Before this instant */
                until?: string;
                /** @description Only rows about this context, as `organization:acme` */
                context?: string;
                /**
                 * @description Only rows with a change at or below this JSON pointer, as `/serve/rollout`; for object flags also inside their values, as
                 *     `/phase2/storage`
                 */
                pointer?: string;
                /** @description The maximum number of items on the page */
                limit?: number;
                /** @description The `next` of the previous page */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_AuditRecord"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    exportAudit: {
        parameters: {
            query?: {
                /** @description Only of this flag */
                flag?: string;
                /** @description Only of this environment, by its name now; a deleted one by the name that its deletion answered */
                environment?: string;
                /** @description Only by this author */
                actor?: string;
                /** @description `create`, `update` or `delete` */
                action?: string;
                /** @description Only about things of this kind; `key`, `token` and `member` only for admins */
                kind?: string;
                /** @description From this instant on, inclusive */
                from?: string;
                /** @description Before this instant */
                until?: string;
                /** @description Only rows about this context, as `organization:acme` */
                context?: string;
                /**
                 * @description Only rows with a change at or below this JSON pointer, as `/serve/rollout`; for object flags also inside their values, as
                 *     `/phase2/storage`
                 */
                pointer?: string;
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Newline-delimited JSON */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    readAuditHead: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The last row */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditHead"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listEnvironments: {
        parameters: {
            query?: {
                /** @description The maximum number of items on the page */
                limit?: number;
                /** @description The `next` of the previous page, which had the same `sort` */
                cursor?: string;
                /** @description Fields to sort by, the most important first, with `-` before a field for descending order: `-updatedAt,key` */
                sort?: string;
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Environment"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    createEnvironment: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "preview"
                 *     }
                 */
                "application/json": components["schemas"]["NewEnvironment"];
            };
        };
        responses: {
            /** @description The environment */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Environment"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    readEnvironment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The environment */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Environment"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    deleteEnvironment: {
        parameters: {
            query?: {
                /** @description The name of what is deleted; required if flags, keys, tokens or members would be deleted with it */
                confirm?: string;
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The environment is deleted */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deleted"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    renameEnvironment: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "qa"
                 *     }
                 */
                "application/json": components["schemas"]["NewName"];
            };
        };
        responses: {
            /** @description The environment */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Environment"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listAttributes: {
        parameters: {
            query?: {
                /** @description The maximum number of items on the page */
                limit?: number;
                /** @description The `next` of the previous page */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_SeenAttribute"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    applyChangeset: {
        parameters: {
            query?: {
                /** @description Also take salts that differ from the stored ones, which moves users to other variants */
                rehash?: boolean;
                /** @description Only return what would change, and for which share of users */
                dryRun?: boolean;
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "operations": [
                 *         {
                 *           "key": "beta",
                 *           "kind": "segment",
                 *           "op": "put",
                 *           "value": {
                 *             "include": {
                 *               "user": [
                 *                 "u1"
                 *               ]
                 *             }
                 *           }
                 *         },
                 *         {
                 *           "key": "new-checkout",
                 *           "op": "put",
                 *           "value": {
                 *             "enabled": true
                 *           }
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["Changeset"];
            };
        };
        responses: {
            /** @description What changed, or would change */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AppliedChangeset"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            428: components["responses"]["PreconditionRequired"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    compareEnvironments: {
        parameters: {
            query: {
                /** @description The name of the other environment */
                with: string;
                /** @description Items of a page */
                limit?: number;
                /** @description The `next` of the page before */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Differences"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    evaluateContext: {
        parameters: {
            query?: {
                /** @description Items of a page */
                limit?: number;
                /** @description The `next` of the page before */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "context": {
                 *         "country": "se",
                 *         "organization": {
                 *           "key": "acme"
                 *         },
                 *         "targetingKey": "user-1"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["ContextRequest"];
            };
        };
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContextFlags"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    listContextFlags: {
        parameters: {
            query?: {
                /** @description Items of a page */
                limit?: number;
                /** @description The `next` of the page before */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the context */
                contextKey: components["parameters"]["contextKey"];
                /** @description The kind of the context, as `user` or `organization` */
                kind: components["parameters"]["kind"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContextFlags"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    awaitConvergence: {
        parameters: {
            query?: {
                /** @description The revision to wait for; the current one by default */
                revision?: number;
                /** @description For how many seconds to wait until all instances have it */
                timeout?: number;
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How far it has got */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Convergence"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    copyEnvironment: {
        parameters: {
            query?: {
                /** @description Also copy salts that differ from those of this environment, which moves users to other variants */
                rehash?: boolean;
                /** @description Only return what would change, and for which share of users */
                dryRun?: boolean;
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of the thing to be changed, or `*`; 412 if it has changed
                 * @example "7"
                 */
                "If-Match"?: string;
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "flags": [
                 *         "new-checkout"
                 *       ],
                 *       "from": "staging"
                 *     }
                 */
                "application/json": components["schemas"]["CopyBody"];
            };
        };
        responses: {
            /** @description What changed, or would change */
            200: {
                headers: {
                    /** @description The revision of this environment */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Copied"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    exportDocument: {
        parameters: {
            query?: {
                /** @description An earlier revision of the environment; the current one by default */
                revision?: number;
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The document */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Document"];
                    "application/yaml": string;
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    replaceDocument: {
        parameters: {
            query?: {
                /** @description What to do with flags that do not compile: `keep` stores them, as a document of a newer Flagstaff may have them */
                invalid?: "refuse" | "keep";
                /**
                 * @description What happens to objects that are not in the document: `merge` keeps them; an object of the document always replaces the whole
                 *     stored object
                 */
                mode?: "replace" | "merge";
                /** @description Also take salts that differ from the stored ones, which moves users to other variants */
                rehash?: boolean;
                /** @description Only return what would change, and for which share of users */
                dryRun?: boolean;
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of the thing to be changed, or `*`; 412 if it has changed
                 * @example "7"
                 */
                "If-Match"?: string;
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "flags": {
                 *         "new-checkout": {
                 *           "enabled": true,
                 *           "serve": "on",
                 *           "type": "boolean"
                 *         }
                 *       },
                 *       "schemaVersion": 1
                 *     }
                 */
                "application/json": components["schemas"]["Document"];
                /**
                 * @example schemaVersion: 1
                 *     flags: {}
                 */
                "application/yaml": string;
            };
        };
        responses: {
            /** @description It is there */
            200: {
                headers: {
                    /** @description Of the document with which a dry run compared */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Replaced"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    evaluateIn: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "context": {
                 *         "targetingKey": "user-1"
                 *       },
                 *       "explain": true,
                 *       "flag": "new-checkout"
                 *     }
                 */
                "application/json": components["schemas"]["EvaluationRequest"];
            };
        };
        responses: {
            /** @description What it evaluates to */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Evaluation"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    listFlags: {
        parameters: {
            query?: {
                /** @description Part of the key or of the name, in upper or lower case */
                search?: string;
                /** @description Only of this type */
                type?: string;
                /** @description The maximum number of items on the page */
                limit?: number;
                /** @description The `next` of the previous page, which had the same `sort` */
                cursor?: string;
                /** @description Fields to sort by, the most important first, with `-` before a field for descending order: `-updatedAt,key` */
                sort?: string;
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Flag"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    createFlag: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "enabled": true,
                 *       "key": "new-checkout",
                 *       "rolloutPercentage": 25
                 *     }
                 */
                "application/json": components["schemas"]["NewFlag"];
            };
        };
        responses: {
            /** @description The flag */
            201: {
                headers: {
                    ETag?: string;
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Flag"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    readFlag: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The flag */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Flag"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    putFlag: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of the thing to be changed, or `*`; 412 if it has changed
                 * @example "7"
                 */
                "If-Match"?: string;
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "enabled": true,
                 *       "rolloutPercentage": 50
                 *     }
                 */
                "application/json": components["schemas"]["FlagBody"];
            };
        };
        responses: {
            /** @description The flag as it is now */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Flag"];
                };
            };
            /** @description There was none */
            201: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Flag"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            428: components["responses"]["PreconditionRequired"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    deleteFlag: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of the thing to be changed, or `*`; 412 if it has changed
                 * @example "7"
                 */
                "If-Match"?: string;
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    patchFlag: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of the thing to be changed, or `*`; 412 if it has changed
                 * @example "7"
                 */
                "If-Match"?: string;
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "description": "The checkout of 2027",
                 *       "rolloutPercentage": 75
                 *     }
                 */
                "application/json": components["schemas"]["FlagPatch"];
            };
        };
        responses: {
            /** @description The flag as it is now */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Flag"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listFlagHistory: {
        parameters: {
            query?: {
                /** @description The maximum number of items on the page */
                limit?: number;
                /** @description The `next` of the previous page */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_FlagChange"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listOverrides: {
        parameters: {
            query?: {
                /** @description The maximum number of items on the page */
                limit?: number;
                /** @description The `next` of the previous page */
                cursor?: string;
                /** @description Only of this level */
                level?: string;
                /** @description Only with this effect */
                effect?: string;
                /** @description Part of the context's key, in upper or lower case */
                search?: string;
                /** @description `contextKey` or `updatedAt`, with `-` before it for descending order */
                sort?: string;
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Override"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    loadOverrides: {
        parameters: {
            query?: {
                /** @description `merge` keeps overrides that no line names, `replace` deletes them */
                mode?: "merge" | "replace";
                /** @description The level of lines without one; `replace` deletes only overrides of this level */
                level?: string;
                /** @description Only return what would change */
                dryRun?: boolean;
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of the thing to be changed, or `*`; 412 if it has changed
                 * @example "7"
                 */
                "If-Match"?: string;
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        /** @description Newline-delimited JSON */
        requestBody: {
            content: {
                /** @example {"level": "user", "contextKey": "user-1", "value": "include"} */
                "application/x-ndjson": string;
            };
        };
        responses: {
            /** @description What changed, or would change */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Loaded"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    readOverride: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
                /** @description The kind of context that the override is of */
                level: components["parameters"]["level"];
                /** @description The key of the context */
                contextKey: components["parameters"]["contextKey"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The override */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Override"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    putOverride: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of the thing to be changed, or `*`; 412 if it has changed
                 * @example "7"
                 */
                "If-Match"?: string;
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
                /** @description The kind of context that the override is of */
                level: components["parameters"]["level"];
                /** @description The key of the context */
                contextKey: components["parameters"]["contextKey"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "asked for it",
                 *       "value": "include"
                 *     }
                 */
                "application/json": components["schemas"]["OverrideBody"];
            };
        };
        responses: {
            /** @description It was there, and is now so */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Override"];
                };
            };
            /** @description It was not there, and is */
            201: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Override"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    deleteOverride: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of the thing to be changed, or `*`; 412 if it has changed
                 * @example "7"
                 */
                "If-Match"?: string;
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
                /** @description The kind of context that the override is of */
                level: components["parameters"]["level"];
                /** @description The key of the context */
                contextKey: components["parameters"]["contextKey"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    patchOverride: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of the thing to be changed, or `*`; 412 if it has changed
                 * @example "7"
                 */
                "If-Match"?: string;
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
                /** @description The kind of context that the override is of */
                level: components["parameters"]["level"];
                /** @description The key of the context */
                contextKey: components["parameters"]["contextKey"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "pilot",
                 *       "value": {
                 *         "patch": {
                 *           "phase2": {
                 *             "enhancedStorage": true
                 *           }
                 *         }
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["OverridePatch"];
            };
        };
        responses: {
            /** @description It was there, and is now so */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Override"];
                };
            };
            /** @description It was not there, and is */
            201: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Override"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    rollbackFlag: {
        parameters: {
            query?: {
                /** @description Also restore the salt that the flag had, which moves users to other variants */
                rehash?: boolean;
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of the thing to be changed, or `*`; 412 if it has changed
                 * @example "7"
                 */
                "If-Match"?: string;
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "revision": 1
                 *     }
                 */
                "application/json": components["schemas"]["Rollback"];
            };
        };
        responses: {
            /** @description The flag as it is now */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Flag"];
                };
            };
            /** @description It had been deleted, and is there again */
            201: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Flag"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    readFlagSummary: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Whether the flag is on, and its rollout percentage */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlagSummary"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    readFlagUsage: {
        parameters: {
            query?: {
                /** @description The start; a day before `until` by default */
                from?: string;
                /** @description The end; now by default */
                until?: string;
                /** @description The length of a step */
                step?: "hour" | "day";
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How often */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlagUsage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listGroups: {
        parameters: {
            query?: {
                /** @description Part of the key or the description, in upper or lower case */
                search?: string;
                /** @description The maximum number of items on the page */
                limit?: number;
                /** @description The `next` of the previous page, which had the same `sort` */
                cursor?: string;
                /** @description Fields to sort by, the most important first, with `-` before a field for descending order: `-updatedAt,key` */
                sort?: string;
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Group"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    createGroup: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "key": "checkout"
                 *     }
                 */
                "application/json": components["schemas"]["NewGroup"];
            };
        };
        responses: {
            /** @description The group */
            201: {
                headers: {
                    ETag?: string;
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Group"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    readGroup: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The group */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Group"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    putGroup: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of the thing to be changed, or `*`; 412 if it has changed
                 * @example "7"
                 */
                "If-Match"?: string;
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "unit": "user"
                 *     }
                 */
                "application/json": components["schemas"]["GroupBody"];
            };
        };
        responses: {
            /** @description The group as it is now */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Group"];
                };
            };
            /** @description There was none */
            201: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Group"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    deleteGroup: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of the thing to be changed, or `*`; 412 if it has changed
                 * @example "7"
                 */
                "If-Match"?: string;
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    patchGroup: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of the thing to be changed, or `*`; 412 if it has changed
                 * @example "7"
                 */
                "If-Match"?: string;
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "unit": "organization"
                 *     }
                 */
                "application/json": components["schemas"]["GroupBody"];
            };
        };
        responses: {
            /** @description The group as it is now */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Group"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listHoldouts: {
        parameters: {
            query?: {
                /** @description Part of the key or the description, in upper or lower case */
                search?: string;
                /** @description The maximum number of items on the page */
                limit?: number;
                /** @description The `next` of the previous page, which had the same `sort` */
                cursor?: string;
                /** @description Fields to sort by, the most important first, with `-` before a field for descending order: `-updatedAt,key` */
                sort?: string;
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Holdout"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    createHoldout: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "key": "q4",
                 *       "percent": 5
                 *     }
                 */
                "application/json": components["schemas"]["NewHoldout"];
            };
        };
        responses: {
            /** @description The holdout */
            201: {
                headers: {
                    ETag?: string;
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Holdout"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    readHoldout: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The holdout */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Holdout"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    putHoldout: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of the thing to be changed, or `*`; 412 if it has changed
                 * @example "7"
                 */
                "If-Match"?: string;
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "percent": 5
                 *     }
                 */
                "application/json": components["schemas"]["HoldoutBody"];
            };
        };
        responses: {
            /** @description The holdout as it is now */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Holdout"];
                };
            };
            /** @description There was none */
            201: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Holdout"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    deleteHoldout: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of the thing to be changed, or `*`; 412 if it has changed
                 * @example "7"
                 */
                "If-Match"?: string;
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    patchHoldout: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of the thing to be changed, or `*`; 412 if it has changed
                 * @example "7"
                 */
                "If-Match"?: string;
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "percent": 10
                 *     }
                 */
                "application/json": components["schemas"]["HoldoutBody"];
            };
        };
        responses: {
            /** @description The holdout as it is now */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Holdout"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listInstances: {
        parameters: {
            query?: {
                /** @description The maximum number of items on the page */
                limit?: number;
                /** @description The `next` of the previous page */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Instances */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_InstanceItem"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    listKeys: {
        parameters: {
            query?: {
                /** @description Only of this kind or role */
                kind?: string;
                /** @description Part of the name, in upper or lower case */
                search?: string;
                /** @description The maximum number of items on the page */
                limit?: number;
                /** @description The `next` of the previous page, which had the same `sort` */
                cursor?: string;
                /** @description Fields to sort by, the most important first, with `-` before a field for descending order: `-updatedAt,key` */
                sort?: string;
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_AccessKey"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    createKey: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "kind": "server",
                 *       "name": "checkout service"
                 *     }
                 */
                "application/json": components["schemas"]["NewEnvironmentKey"];
            };
        };
        responses: {
            /** @description The key with its token */
            201: {
                headers: {
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessKey"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    readKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The key */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessKey"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    revokeKey: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    changeKey: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "origins": [
                 *         "https://app.example"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["KeyPatch"];
            };
        };
        responses: {
            /** @description The key */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessKey"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    rotateKey: {
        parameters: {
            query?: {
                /** @description For how many seconds the old one still works; a day by default, at most 30 days */
                graceSeconds?: number;
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The new key with its token */
            201: {
                headers: {
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessKey"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    createSecret: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The secret */
            201: {
                headers: {
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SigningSecret"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    removeSecret: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
                /** @description The id of the secret */
                secret: components["parameters"]["secret"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listOverridesOfContext: {
        parameters: {
            query: {
                /** @description The maximum number of items on the page */
                limit?: number;
                /** @description The `next` of the previous page */
                cursor?: string;
                /** @description The key of the context */
                contextKey: string;
                /** @description Only of this level */
                level?: string;
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Override"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listRevisions: {
        parameters: {
            query?: {
                /** @description The maximum number of items on the page */
                limit?: number;
                /** @description The `next` of the previous page */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Revision"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listSegments: {
        parameters: {
            query?: {
                /** @description Part of the key or the description, in upper or lower case */
                search?: string;
                /** @description The maximum number of items on the page */
                limit?: number;
                /** @description The `next` of the previous page, which had the same `sort` */
                cursor?: string;
                /** @description Fields to sort by, the most important first, with `-` before a field for descending order: `-updatedAt,key` */
                sort?: string;
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Segment"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    createSegment: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "include": {
                 *         "user": [
                 *           "u-1"
                 *         ]
                 *       },
                 *       "key": "beta",
                 *       "when": {
                 *         "attribute": "email",
                 *         "op": "endsWith",
                 *         "value": "@example.com"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["NewSegment"];
            };
        };
        responses: {
            /** @description The segment */
            201: {
                headers: {
                    ETag?: string;
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Segment"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    readSegment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The segment */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Segment"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    putSegment: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of the thing to be changed, or `*`; 412 if it has changed
                 * @example "7"
                 */
                "If-Match"?: string;
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "when": {
                 *         "attribute": "country",
                 *         "op": "in",
                 *         "values": [
                 *           "se",
                 *           "dk"
                 *         ]
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["SegmentBody"];
            };
        };
        responses: {
            /** @description The segment as it is now */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Segment"];
                };
            };
            /** @description There was none */
            201: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Segment"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    deleteSegment: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of the thing to be changed, or `*`; 412 if it has changed
                 * @example "7"
                 */
                "If-Match"?: string;
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    patchSegment: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of the thing to be changed, or `*`; 412 if it has changed
                 * @example "7"
                 */
                "If-Match"?: string;
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "description": "People who try new things"
                 *     }
                 */
                "application/json": components["schemas"]["SegmentBody"];
            };
        };
        responses: {
            /** @description The segment as it is now */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Segment"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listSegmentIds: {
        parameters: {
            query?: {
                /** @description The maximum number of items on the page */
                limit?: number;
                /** @description The `next` of the previous page */
                cursor?: string;
                /** @description Only in this list, `include` or `exclude` */
                list?: string;
                /** @description Only of this kind of context */
                kind?: string;
                /** @description Part of the id, in upper or lower case */
                search?: string;
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_SegmentId"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    loadSegmentIds: {
        parameters: {
            query?: {
                /** @description `merge` adds the ids, `replace` also removes all others, `remove` removes the ids */
                mode?: "merge" | "replace" | "remove";
                /** @description The list of lines without one, `include` by default; `replace` removes only ids of this list */
                list?: string;
                /** @description The kind of context of lines without one; `replace` removes only ids of this kind */
                kind?: string;
                /** @description Only return what would change */
                dryRun?: boolean;
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of the thing to be changed, or `*`; 412 if it has changed
                 * @example "7"
                 */
                "If-Match"?: string;
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        /** @description Newline-delimited JSON */
        requestBody: {
            content: {
                /**
                 * @example "u-17"
                 *     {"id": "acme", "kind": "organization"}
                 */
                "application/x-ndjson": string;
            };
        };
        responses: {
            /** @description What changed, or would change */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SegmentLoad"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    putSegmentId: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of the thing to be changed, or `*`; 412 if it has changed
                 * @example "7"
                 */
                "If-Match"?: string;
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
                /** @description `include` or `exclude` */
                list: components["parameters"]["list"];
                /** @description The id in the list */
                id: components["parameters"]["id"];
                /** @description The kind of the context, as `user` or `organization` */
                kind: components["parameters"]["kind"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was there */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SegmentId"];
                };
            };
            /** @description It was not there, and is */
            201: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SegmentId"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    deleteSegmentId: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of the thing to be changed, or `*`; 412 if it has changed
                 * @example "7"
                 */
                "If-Match"?: string;
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
                /** @description `include` or `exclude` */
                list: components["parameters"]["list"];
                /** @description The id in the list */
                id: components["parameters"]["id"];
                /** @description The kind of the context, as `user` or `organization` */
                kind: components["parameters"]["kind"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is removed */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    readSettings: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The settings */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Settings"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    putSettings: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "privateAttributes": [
                 *         "email"
                 *       ],
                 *       "publicValues": false,
                 *       "recordAttributes": true,
                 *       "requireReason": true
                 *     }
                 */
                "application/json": components["schemas"]["NewSettings"];
            };
        };
        responses: {
            /** @description The settings as they are now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Settings"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listUnknownFlags: {
        parameters: {
            query?: {
                /** @description The maximum number of items on the page */
                limit?: number;
                /** @description The `next` of the previous page */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_UnknownFlag"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    readValues: {
        parameters: {
            query?: {
                /** @description The key of the user; if absent, flags are evaluated without a user */
                targetingKey?: string;
            };
            header?: {
                /** @description The signature of the context, if the key requires signed contexts: `EXPIRES.MAC` */
                "x-flagstaff-signature"?: string;
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The values by the keys of their flags */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    evaluateValues: {
        parameters: {
            query?: never;
            header?: {
                /** @description The signature of the context, if the key requires signed contexts: `EXPIRES.MAC` */
                "x-flagstaff-signature"?: string;
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The environment's name */
                environment: components["parameters"]["environment"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "context": {
                 *         "country": "se",
                 *         "targetingKey": "user-1"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["ValuesRequest"];
            };
        };
        responses: {
            /** @description The values by the keys of their flags */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    followProject: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `id` of the last event that arrived: the stream continues from there if possible */
                "Last-Event-ID"?: string;
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Server-sent events */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["ProjectChange"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listProjectFlags: {
        parameters: {
            query?: {
                /** @description Part of the key, the name or the description, in upper or lower case */
                search?: string;
                /** @description With this tag */
                tag?: string;
                /** @description Of this owner */
                owner?: string;
                /** @description `release`, `experiment`, `killSwitch` or `permission` */
                kind?: string;
                /** @description `active`, `potentiallyStale`, `stale` or `archived`; if absent, all that are not archived */
                lifecycle?: string;
                /** @description The maximum number of items on the page */
                limit?: number;
                /** @description The `next` of the previous page */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_ProjectFlag"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    readProjectFlag: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The flag */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProjectFlag"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    patchProjectFlag: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /**
                 * @description The `ETag` of the thing to be changed, or `*`; 412 if it has changed
                 * @example "7"
                 */
                "If-Match"?: string;
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "description": "The new checkout of 2027",
                 *       "kind": "release",
                 *       "name": "Checkout",
                 *       "owner": "team-pay",
                 *       "tags": [
                 *         "checkout"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["ProjectFlagPatch"];
            };
        };
        responses: {
            /** @description The flag */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProjectFlag"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    archiveFlag: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The flag */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProjectFlag"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    restoreFlag: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The flag */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProjectFlag"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listMembers: {
        parameters: {
            query?: {
                /** @description The maximum number of items on the page */
                limit?: number;
                /** @description The `next` of the previous page */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Member"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    addMember: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "email": "ann@example.com",
                 *       "role": "editor"
                 *     }
                 */
                "application/json": components["schemas"]["NewMember"];
            };
        };
        responses: {
            /** @description The member */
            201: {
                headers: {
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Member"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    readMember: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The member */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Member"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    removeMember: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The person is no longer a member */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    changeMember: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "role": "viewer"
                 *     }
                 */
                "application/json": components["schemas"]["MemberPatch"];
            };
        };
        responses: {
            /** @description The member */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Member"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    listTokens: {
        parameters: {
            query?: {
                /** @description Only of this kind or role */
                kind?: string;
                /** @description Part of the name, in upper or lower case */
                search?: string;
                /** @description The maximum number of items on the page */
                limit?: number;
                /** @description The `next` of the previous page, which had the same `sort` */
                cursor?: string;
                /** @description Fields to sort by, the most important first, with `-` before a field for descending order: `-updatedAt,key` */
                sort?: string;
            };
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_AccessKey"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    createToken: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "deploy script",
                 *       "role": "editor"
                 *     }
                 */
                "application/json": components["schemas"]["NewProjectToken"];
            };
        };
        responses: {
            /** @description The token with its token */
            201: {
                headers: {
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessKey"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    readToken: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The token */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessKey"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    revokeToken: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    rotateToken: {
        parameters: {
            query?: {
                /** @description For how many seconds the old one still works; a day by default, at most 30 days */
                graceSeconds?: number;
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The new token with its token */
            201: {
                headers: {
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessKey"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    readProjectUsage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The project's name */
                project: components["parameters"]["project"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How often */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProjectUsage"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    acknowledge: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "cursor": "0123456789abcdef.42.0000000000000000",
                 *       "instance": "3c59dc04"
                 *     }
                 */
                "application/json": components["schemas"]["AppliedRevision"];
            };
        };
        responses: {
            /** @description It is noted */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Acknowledged"];
                };
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    readSnapshot: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` that the caller has; 304 if it is still current */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The document */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Document"];
                };
            };
            /** @description It is what it was */
            304: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    streamObjects: {
        parameters: {
            query?: {
                /** @description The id of the instance, drawn at random when it starts. An instance that sends one acknowledges what it applies */
                instance?: string;
                /** @description The name and the version of its SDK, as `flagstaff-rust/0.1.0` */
                sdk?: string;
            };
            header?: {
                /** @description The `id` of the last event that arrived: the stream continues from there if possible */
                "Last-Event-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Server-sent events */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    reportUsage: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "counts": [
                 *         {
                 *           "count": 42,
                 *           "flag": "new-checkout",
                 *           "variant": "on"
                 *         }
                 *       ],
                 *       "from": "2026-12-01T10:00:00Z",
                 *       "instance": "3c59dc04",
                 *       "sdk": {
                 *         "name": "flagstaff-rust",
                 *         "version": "0.1.0"
                 *       },
                 *       "sequence": 7,
                 *       "until": "2026-12-01T10:01:00Z"
                 *     }
                 */
                "application/json": components["schemas"]["UsageReport"];
            };
        };
        responses: {
            /** @description It is counted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    listSessions: {
        parameters: {
            query?: {
                /** @description The maximum number of items on the page */
                limit?: number;
                /** @description The `next` of the previous page, which had the same `sort` */
                cursor?: string;
                /** @description Fields to sort by, the most important first, with `-` before a field for descending order: `name,-lastUsedAt` */
                sort?: string;
                /** @description Only the sessions of the person with this name in the audit */
                name?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Session"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    endSessionsOfPerson: {
        parameters: {
            query: {
                /** @description The name of the person in the audit */
                name: string;
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How many there were */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EndedSessions"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["Conflict"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    endSession: {
        parameters: {
            query?: {
                /** @description The reason, for the audit: at most 500 characters */
                reason?: string;
            };
            header?: {
                /** @description Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has ended */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    readSignIn: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The ways to sign in */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignInMethods"];
                };
            };
        };
    };
    signInByLink: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "code": "fs_link_0123456789abcdefghijklmnopqrstuv"
                 *     }
                 */
                "application/json": components["schemas"]["LinkCode"];
            };
        };
        responses: {
            /** @description Signed in */
            204: {
                headers: {
                    /** @description The session */
                    "Set-Cookie"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    beginSignIn: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description To the provider; if it cannot be reached, to the admin UI with the reason in the fragment: `/#sign-in-error=CODE` */
            303: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: components["responses"]["NotFound"];
        };
    };
    finishSignIn: {
        parameters: {
            query?: {
                /** @description The code to be exchanged */
                code?: string;
                /** @description As the provider was sent it */
                state?: string;
                /** @description The issuer */
                iss?: string;
                /** @description Why it refuses */
                error?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description To the admin UI: to `/#signed-in`, or with the reason to `/#sign-in-error=CODE` */
            303: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableEntity"];
        };
    };
    providerLogout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "logout_token": "eyJhbGciOiJSUzI1NiIsInR5cCI6ImxvZ291dCtqd3QifQ.e30.c2lnbmF0dXJl"
                 *     }
                 */
                "application/x-www-form-urlencoded": components["schemas"]["LogoutForm"];
            };
        };
        responses: {
            /** @description How many sessions there were */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EndedSessions"];
                };
            };
            400: components["responses"]["BadRequest"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    signOut: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Signed out */
            200: {
                headers: {
                    /** @description Removes the session */
                    "Set-Cookie"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedOut"];
                };
            };
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    live: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Liveness"];
                };
            };
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OpenMetrics text */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/openmetrics-text": string;
                };
            };
        };
    };
    ofrepEvaluateFlags: {
        parameters: {
            query?: {
                /** @description The `etag` of the notice that makes the client ask */
                flagConfigEtag?: string;
            };
            header?: {
                /** @description The `ETag` that the caller has; 304 if it is still current */
                "If-None-Match"?: string;
                /** @description The signature of the context, if the key requires signed contexts: `EXPIRES.MAC` */
                "x-flagstaff-signature"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "context": {
                 *         "targetingKey": "user-1"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["OfrepQuestion"];
            };
        };
        responses: {
            /** @description The values, and where to hear of changes */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OfrepBulk"];
                };
            };
            /** @description They are what they were */
            304: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The context cannot be read, or the response would be too long */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OfrepFailure"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    ofrepEvaluateFlag: {
        parameters: {
            query?: never;
            header?: {
                /** @description The signature of the context, if the key requires signed contexts: `EXPIRES.MAC` */
                "x-flagstaff-signature"?: string;
            };
            path: {
                /** @description The key of the flag, segment, group or holdout, or the id of the key, token, member or session */
                key: components["parameters"]["key"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "context": {
                 *         "targetingKey": "user-1"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["OfrepQuestion"];
            };
        };
        responses: {
            /** @description The value */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OfrepSuccess"];
                };
            };
            /** @description The flag could not be evaluated */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OfrepFailure"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            /** @description There is no such flag */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OfrepFailure"];
                };
            };
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    ofrepEvents: {
        parameters: {
            query?: {
                /** @description The token from an `eventStreams` address, instead of a key in a header */
                token?: string;
            };
            header?: {
                /** @description The `id` of the last event that arrived: the stream continues from there if possible */
                "Last-Event-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Server-sent events */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["UnprocessableEntity"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    readManifest: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The flags, by key */
            200: {
                headers: {
                    "X-Manifest-Capabilities"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Manifest"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            429: components["responses"]["TooManyRequests"];
            500: components["responses"]["InternalServerError"];
        };
    };
    ready: {
        parameters: {
            query?: {
                /** @description Oldest data that is accepted, in milliseconds */
                maxStaleMs?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is ready */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            422: components["responses"]["UnprocessableEntity"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
}
type WithRequired<T, K extends keyof T> = T & {
    [P in K]-?: T[P];
};
