import { Flags } from './Flags.jsx';
import { getBootstrap } from './flags.js';

export default async function Layout({ children }) {
  return (
    <html lang="en">
      <body>
        <Flags bootstrap={await getBootstrap()}>{children}</Flags>
      </body>
    </html>
  );
}
