// Who follows an environment: SDK, version, revision, and for how long it has been behind.

import '../../styles/flag.css';
import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { projects } from '../../api/queries';
import { get } from '../../api/request';
import { texts } from '../../texts';
import { Listing } from '../../ui/listing';
import { Empty, Time } from '../../ui/parts';
import { Table } from '../../ui/table';

const route = getRouteApi('/projects/$project/instances');

export function InstancesPage() {
  const { project } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data: known } = useQuery(projects());
  const environments = known?.find((each) => each.name === project)?.environments ?? [];
  const environment = search.env ?? environments[0];
  const query = useQuery({
    queryKey: ['instances', project, environment],
    queryFn: ({ signal }) =>
      get('/api/v1/projects/{project}/environments/{environment}/instances', {
        path: { project, environment: environment ?? '' },
        query: { limit: 200 },
        signal,
      }),
    enabled: environment !== undefined,
    refetchInterval: 3_000,
  });
  const items = query.data?.items ?? [];
  return (
    <div className="stack">
      <div className="row apart">
        <div className="row">
          <h1>{texts.instances.title}</h1>
          {query.data !== undefined && (
            <span className="dim">{texts.instances.count(query.data.total ?? items.length)}</span>
          )}
        </div>
        <Select
          aria-label={texts.flags.environment}
          data={environments}
          value={environment ?? null}
          allowDeselect={false}
          onChange={(env) => env !== null && navigate({ search: { env } })}
        />
      </div>
      <Listing
        query={query}
        isEmpty={items.length === 0}
        empty={
          <Empty title={texts.instances.none}>
            <p className="dim">{texts.instances.noneHint}</p>
          </Empty>
        }
      >
        <Table
          caption={texts.instances.title}
          columns={[
            texts.instances.sdk,
            texts.instances.id,
            texts.instances.revision,
            texts.instances.state,
            texts.instances.since,
            texts.instances.node,
          ]}
        >
          {items.map((item) => (
            <tr key={`${item.node} ${item.instance} ${item.since}`}>
              <td>
                {item.sdk ?? texts.instances.unnamed} <span className="dim">{item.version}</span>
              </td>
              <td className="code">{item.instance ?? '–'}</td>
              <td>{item.revision ?? '–'}</td>
              <td>
                {item.staleMs > 0 ? (
                  <span className="tag warn">{texts.instances.behind(item.staleMs)}</span>
                ) : (
                  <span className="tag on">{texts.instances.confirmations[item.confirmation]}</span>
                )}
              </td>
              <td>
                <Time at={item.since} />
              </td>
              <td className="code">{item.node}</td>
            </tr>
          ))}
        </Table>
      </Listing>
      {environment !== undefined && <Unknown key={environment} project={project} environment={environment} />}
    </div>
  );
}

/** Flags that programs ask for and that the environment does not have: misspelled, or deleted too early */
function Unknown({ project, environment }: { project: string; environment: string }) {
  const query = useQuery({
    queryKey: ['unknown', project, environment],
    queryFn: ({ signal }) =>
      get('/api/v1/projects/{project}/environments/{environment}/unknown-flags', {
        path: { project, environment },
        query: { limit: 200 },
        signal,
      }),
  });
  return (
    <section className="stack" aria-labelledby="unknown">
      <h2 id="unknown">{texts.unknown.title}</h2>
      <Listing
        query={query}
        isEmpty={query.data?.items.length === 0}
        empty={<p className="dim">{texts.unknown.none}</p>}
      >
        <Table
          caption={texts.unknown.title}
          columns={[texts.unknown.key, texts.unknown.count, texts.unknown.by, texts.unknown.last]}
        >
          {query.data?.items.map((item) => (
            <tr key={item.key}>
              <td className="code">{item.key}</td>
              <td>{item.count.toLocaleString('en')}</td>
              <td>{item.sdk}</td>
              <td>
                <Time at={item.lastSeenAt} />
              </td>
            </tr>
          ))}
        </Table>
      </Listing>
    </section>
  );
}
